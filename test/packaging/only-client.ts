import { RedRoomClient } from "@redroom/sdk";

const client = await RedRoomClient.connect(process.argv[2] ?? "", {
  auth: { name: "anna", password: "correct horse" },
});
const { seq } = await client.topic("Share Deal").send("Guten Tag");
console.log(JSON.stringify({ seq }));
await client.close();
