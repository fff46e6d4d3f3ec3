/** argon2id with the parameters that OWASP's Password Storage Cheat Sheet lists first: 19 MiB, 2 passes, 1 lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The module is native: loaded at the first password, never in a program that is only a client. */
const argon2 = () => import("@node-rs/argon2");

/** @returns The hash in PHC form, with its parameters and a salt of its own. */
export async function hashPassword(password: string): Promise<string> {
  const { hash } = await argon2();
  return hash(password.normalize("NFKC"), PARAMETERS);
}

let hashOfNobody: Promise<string> | undefined;

/** @param passwordHash Of an unknown user: `undefined`; the answer is `false` after the time that a real one takes. */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const { verify } = await argon2();
  hashOfNobody ??= hashPassword("nobody has this password");
  const right = await verify(passwordHash ?? (await hashOfNobody), password.normalize("NFKC"));
  return right && passwordHash !== undefined;
}
