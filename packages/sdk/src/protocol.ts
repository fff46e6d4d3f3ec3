export { type Address, DEFAULT_PORT, formatAddress, parseAddress } from "./protocol/address.ts";
