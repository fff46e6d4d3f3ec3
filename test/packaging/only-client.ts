import { RedRoomClient } from "@redroom/sdk";

const client = await RedRoomClient.connect(process.argv[2] ?? "", {
  auth: { name: "anna", password: "correct horse battery" },
});
const topic = await client.topic("Share Deal").open();
const { seq } = await topic.send("Guten Tag");
console.log(JSON.stringify({ seq }));
await client.close();
