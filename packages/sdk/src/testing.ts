export { type CursorStoreUnderTest, cursorStoreContract } from "./testing/cursor-store-contract.ts";
export { faultyStore, type StoreCall, type StoreFault } from "./testing/faulty-store.ts";
export { ManualClock } from "./testing/manual-clock.ts";
export {
  SimulatedHost,
  SimulatedNetwork,
  type SimulatedNetworkOptions,
} from "./testing/network/simulated-network.ts";
export type { Notices } from "./testing/network/simulated-path.ts";
export { type PreparedStoreUnderTest, preparedStoreContract } from "./testing/prepared-store-contract.ts";
export type { RelayConditions } from "./testing/relay/relay-conditions.ts";
export type { RelayCounters } from "./testing/relay/relay-way.ts";
export { UdpRelay, type UdpRelayOptions, type Way } from "./testing/relay/udp-relay.ts";
export { SeededRandom } from "./testing/seeded-random.ts";
export type { History, HistoryEvent, RecordedEntry } from "./testing/simulation/history.ts";
export type { Violation } from "./testing/simulation/invariants.ts";
export { type SimulationOptions, type SimulationResult, simulate } from "./testing/simulation/simulate.ts";
export { createTestRoom, type TestRoomOptions, type TestTopicOptions } from "./testing/test-room/create-test-room.ts";
export type { Expectation, Expected } from "./testing/test-room/expectation.ts";
export type { Participant, Patience, Said } from "./testing/test-room/participant.ts";
export type { RoomFaults, RoomStoreFault, RoomStoreFaults } from "./testing/test-room/room-faults.ts";
export type { Pace } from "./testing/test-room/room-time.ts";
export type { RoomConnection, TestRoom } from "./testing/test-room/test-room.ts";
export { type TopicStoreUnderTest, topicStoreContract } from "./testing/topic-store-contract.ts";
export { type TestRunner, type TransportUnderTest, transportContract } from "./testing/transport-contract.ts";
export { type UserStoreUnderTest, userStoreContract } from "./testing/user-store-contract.ts";
