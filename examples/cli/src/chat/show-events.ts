import type { TopicMessage } from "@redroom/sdk";
import { connectionLine } from "../connection-line.ts";
import type { Conversation } from "../conversation.ts";
import { explain } from "../failure.ts";
import { rolesText } from "../lists/member-line.ts";
import { waitingLine } from "../lists/waiting-line.ts";
import { printable } from "../terminal/printable.ts";
import { dim } from "../terminal/terminal.ts";
import type { Chat } from "./chat.ts";
import { PresenceLines } from "./presence-lines.ts";

interface Shown extends Omit<Chat, "around"> {
  readonly conversation: Conversation;
}

/** Kinds that change which questions are open. */
const ABOUT_QUESTIONS: readonly TopicMessage["kind"][] = ["question", "answer", "withdrawal", "closing", "correction"];

/** Shows what happens in a topic from the moment when it is opened, beginning with who we are in it. */
export function showEvents({ client, topic, terminal, texts, questions, conversation }: Shown): void {
  const tell = (line: string | undefined): void => {
    if (line !== undefined) terminal.print(dim(`— ${line} —`));
  };
  client.on("message", ({ message }) => {
    conversation.arrived(message);
    if (ABOUT_QUESTIONS.includes(message.kind)) void questions.refresh();
  });
  client.on("sealed", ({ message }) => {
    conversation.sealed(message);
    void questions.refresh();
  });
  client.on("withheld", ({ seq }) => conversation.withheld(seq));
  client.on("outgoing", ({ sending }) => conversation.changed(sending));
  client.on("delivered", () => terminal.update());
  client.on("state", (change) => {
    tell(connectionLine(change, texts));
    if (change.state === "online") void questions.refresh();
  });
  client.on("topicFailed", ({ error }) => {
    terminal.print(texts("chat.failed", { reason: printable(explain(error, texts).sentence) }));
  });

  let greeted = false;
  const presence = new PresenceLines(() => topic.self?.id, texts);
  client.on("presence", ({ member, presence: now }) => tell(presence.changed(member, now)));
  client.on("rights", ({ self }) => {
    const roles = rolesText(self.roles, texts);
    if (greeted) return tell(texts("rights.changed", { roles }));
    greeted = true;
    const title = printable(topic.title);
    terminal.print(texts("chat.welcome", { topic: title, user: printable(client.user.name), roles }));
    if (topic.regulated) terminal.print(texts("chat.regulated"));
  });
  client.on("member", ({ member, roles }) => {
    if (!presence.settled || member.id === topic.self?.id) return;
    const name = printable(member.name);
    tell(
      roles.length === 0
        ? texts("membership.left", { name })
        : texts("membership.roles", { name, roles: rolesText(roles, texts) }),
    );
  });
  let told: readonly string[] = [];
  client.on("waiting", () => {
    // It is told before the entry that it follows from, and shown behind it.
    setImmediate(() => {
      const lines = topic.waiting.map((pair) => waitingLine(pair, topic.self?.id ?? "", texts));
      for (const line of lines) if (!told.includes(line)) terminal.print(dim(`  ${line}`));
      told = lines;
    });
  });
}
