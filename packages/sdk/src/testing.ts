export { faultyStore, type StoreCall, type StoreFault } from "./testing/faulty-store.ts";
export { type TopicStoreUnderTest, topicStoreContract } from "./testing/topic-store-contract.ts";
export { type TestRunner, type TransportUnderTest, transportContract } from "./testing/transport-contract.ts";
export { type UserStoreUnderTest, userStoreContract } from "./testing/user-store-contract.ts";
