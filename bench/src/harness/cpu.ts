/** Microseconds of processor time that this process has used so far, all threads. */
export function cpuTimeUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
