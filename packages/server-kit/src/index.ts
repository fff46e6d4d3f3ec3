export { createCertificate, type Identity } from "./certificate.ts";
export type { Config } from "./config.ts";
export { type DataFolder, type DataFolderOptions, openDataFolder } from "./data-folder.ts";
export type { Administrator, Announce } from "./first-administrator.ts";
