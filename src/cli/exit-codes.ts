/** Exit codes of the program, after sysexits(3). */
export const EXIT = {
  ok: 0,
  usage: 64,
  unavailable: 69,
  bug: 70,
  tryAgain: 75,
  permission: 77,
  configuration: 78,
} as const
