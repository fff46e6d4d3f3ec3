import type { Logger } from "../../base/logger.ts";

/** The same logger; somebody is told what it warns of. */
export function toldLogger(logger: Logger, tell: (note: string) => void): Logger {
  const told =
    (level: "warn" | "error") =>
    (fields: object, message: string): void => {
      const { error } = fields as { readonly error?: unknown };
      tell(`the server: ${message}${error instanceof Error ? `: ${error.message}` : ""}`);
      logger[level](fields, message);
    };
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: told("warn"),
    error: told("error"),
  };
}
