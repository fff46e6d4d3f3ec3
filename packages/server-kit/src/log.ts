import { type Logger, pino, stdSerializers, stdTimeFunctions } from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = Logger;

/** JSON lines on standard error: `level`, `time`, `msg` and fields. Neither the machine's name nor any content. */
export function createLogger(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    process.stderr,
  );
}
