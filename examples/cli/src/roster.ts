import type { Member, RedRoomClient, Topic } from "@redroom/sdk";

/**
 * Opens a topic and waits until the server has told who belongs to it and who is there. Our own presence is what it tells
 * last: we were not there before.
 *
 * @throws {RedRoomError} What `topic.open` throws.
 */
export async function openWithRoster(client: RedRoomClient, title: string): Promise<Topic> {
  const topic = client.topic(title);
  const told = new Promise<void>((resolve, reject) => {
    client.on("presence", ({ member }) => member.id === topic.self?.id && resolve());
    client.on("topicFailed", ({ error }) => reject(error));
    client.on("closed", (cause) => cause !== undefined && reject(cause));
  });
  told.catch(() => {}); // where opening has failed already
  await topic.open();
  await told;
  return topic;
}

/** Who belongs to a topic, by name. */
export const membersByName = ({ members }: Topic): Member[] =>
  [...members].sort((one, other) => one.name.localeCompare(other.name));
