// Forgets a room; ends by itself all the same, and says why.
import { ManualClock } from "@redroom/sdk/testing";
import { RoomTime } from "../../../../src/testing/test-room/room-time.ts";

process.on("warning", ({ message }) => console.log(message));
new RoomTime(new ManualClock(), "turns", () => false, 50);
