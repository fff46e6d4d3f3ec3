export { RedRoomError, type RedRoomErrorCode, type RedRoomErrorOptions } from "./base/errors.ts";
