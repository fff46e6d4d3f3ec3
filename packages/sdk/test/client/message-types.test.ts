import type { Person, TopicMessage } from "@redroom/sdk";
import { describe, expectTypeOf, it } from "vitest";

// The compiler makes these checks.
describe("the type TopicMessage", () => {
  it("narrows by kind", () => {
    const priorityOf = (message: TopicMessage) => {
      if (message.kind !== "question") return undefined;
      expectTypeOf(message).toEqualTypeOf<TopicMessage<"question">>();
      expectTypeOf(message.asked).toEqualTypeOf<readonly Person[] | undefined>();
      return message.priority;
    };
    expectTypeOf(priorityOf).returns.toEqualTypeOf<"low" | "high" | undefined>();
    expectTypeOf<Extract<TopicMessage, { kind: "question" }>>().toEqualTypeOf<TopicMessage<"question">>();
  });

  it("gives a deadline, a priority and those who are asked to questions only", () => {
    expectTypeOf<TopicMessage<"note">["priority"]>().toEqualTypeOf<undefined>();
    expectTypeOf<TopicMessage<"answer">["due"]>().toEqualTypeOf<undefined>();
    expectTypeOf<TopicMessage<"correction">["asked"]>().toEqualTypeOf<undefined>();
  });

  it("has no kinds that are no messages", () => {
    expectTypeOf<Extract<TopicMessage["kind"], "delivery" | "membership">>().toEqualTypeOf<never>();
  });
});
