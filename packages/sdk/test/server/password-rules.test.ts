import { createUser, MIN_PASSWORD_CHARACTERS } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { beforeAll, describe, expect, it } from "vitest";
import { checkPassword } from "../../src/server/password-rules.ts";

const invalid = (reason: string) =>
  expect.objectContaining({ code: "PASSWORD_INVALID", message: expect.stringContaining(reason) });

describe("a password", () => {
  it.each([
    "Rückstellung Fahrrad Zimt",
    "correct horse battery staple",
    "geheim und lang genug",
    "annas Igel frisst Quitten",
    "7k2f9-x0e4m-qv8dt-3cj6r",
    `${"x".repeat(20)}Zebra Kanu Tüte`,
  ])("%s is taken", (password) => {
    expect(() => checkPassword(password, "anna")).not.toThrow();
  });

  it.each([
    ["a common one twice", "passwordpassword"],
    ["a common one, a year and signs", "Passwort-2026!!!"],
    ["common ones in a row", "hallo welcome master"],
    ["signs for letters", "P@$$w0rd-P@$$w0rd"],
    ["a row of digits", "123456789012345"],
    ["a row of digits, backwards", "9876543210987654"],
    ["rows of keys", "qwertzuiop asdfghjkl"],
    ["keys in columns", "1qaz2wsx3edc4rfv"],
    ["one letter", "aaaaaaaaaaaaaaaaaaaa"],
    ["a short word again and again", "Igel Igel Igel Igel Igel"],
    ["the name", "Änne von Buttlar 1"],
    ["the name in capitals, again and again", "ÄNNEÄNNEÄNNEÄNNE"],
    ["words of the name", "buttlar-buttlar-123"],
    ["the name of the program", "RedRoomRedRoom2026"],
  ])("that is %s is refused", (_what, password) => {
    expect(() => checkPassword(password, "Änne von Buttlar")).toThrow(invalid("nothing but"));
  });

  it("needs 15 characters, whatever their bytes", () => {
    expect(MIN_PASSWORD_CHARACTERS).toBe(15);
    expect(() => checkPassword("Zebra Kanu Tüt", "anna")).toThrow(invalid("14 characters, at least 15"));
    expect(() => checkPassword("Zebra Kanu Tüte", "anna")).not.toThrow();
    expect(() => checkPassword("🦓🛶🛍️🚲🦔🍐🧂🎈🪁🧵🪣🔔", "anna")).toThrow(invalid("13 characters"));
  });

  it("has at most 1,024 bytes, all of them Unicode text", () => {
    const long = Array.from({ length: 200 }, (_, number) => `${number * 7919}`.padStart(7, "z")).join("");
    expect(() => checkPassword(long.slice(0, 1_024), "anna")).not.toThrow();
    expect(() => checkPassword(long.slice(0, 1_025), "anna")).toThrow(invalid("1025 bytes"));
    expect(() => checkPassword("Zebra Kanu Tüte \ud800", "anna")).toThrow(invalid("Unicode"));
  });

  it("never stands in the refusal", () => {
    for (const password of ["short", "passwordpassword", "x".repeat(2_000)]) {
      let message = "";
      try {
        checkPassword(password, "anna");
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain("unable to use the password");
      expect(message).not.toContain(password);
    }
  });

  describe("of a new user", () => {
    const store = memoryStore();
    beforeAll(() => store.open());

    it("is checked before anybody is added", async () => {
      const guessable = { name: "Bernadette Haferkamp", password: "bernadettehaferkamp1" };
      await expect(createUser(store.users, guessable)).rejects.toMatchObject({ code: "PASSWORD_INVALID" });
      expect(await store.users.listUsers()).toEqual([]);
    });
  });
});
