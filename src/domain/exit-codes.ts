/** One number for what a run comes to. docs/exit-codes.md is generated from this table. */
export const exitCodes = {
  ok: [
    0,
    'done, or nothing to do; also live behind its guard and not kept yet, where that was asked for (--confirm later, or the answer l)',
  ],
  bug: [1, 'unexpected error: a bug in bastionctl; please report it'],
  changes: [
    2,
    'with --detailed-exitcode: the dry run found changes; "verify": a host has drifted from its confirmed changes',
  ],
  usage: [3, 'a flag or argument is wrong, or an answer was needed and there is no terminal'],
  'no-host': [4, 'the selector matches no host'],
  'host-unfit': [
    5,
    'a host cannot be changed: not managed by SSM, offline, not supported, a tool is missing, its clock is off',
  ],
  access: [6, 'AWS said no: no credentials, denied by IAM, or the endpoint cannot be reached'],
  refused: [
    7,
    'the plan would lock people out, takes somebody on who could not get in, asks for what a host does not have (a group, an administrator), takes away what no host has, removes more people than agreed, is too long for one command, or has no proof to decide by',
  ],
  'bad-plan': [8, 'the plan file is malformed, of another schema version, or was edited'],
  stale: [9, 'a host has moved since the plan was made; nothing was changed on it'],
  busy: [
    10,
    'another change is pending on a host, or another operator is at work on it; whatever a change had reached is back in the old state, and a rollback has undone nothing there',
  ],
  rehearsal: [11, 'the rehearsal or an earlier step failed; nothing was changed on any host'],
  'rolled-back': [
    12,
    'the change failed its proof, was not confirmed, or failed on another host of the run, and every touched host is back in the old state',
  ],
  'safety-session': [
    13,
    'the safety session could not be opened or was lost, or a host is not reached through a bastion',
  ],
  mixed: [
    14,
    'hosts hold different states, or an order that was to settle what is pending has not: see the report for which holds what',
  ],
  'needs-hands': [15, 'a host could not be put back, or not all of it, or its state is not known'],
  'too-late': [16, 'the confirm came too late: the host has rolled back'],
  drift: [17, '"status": a managed file is not as the last confirmed change left it'],
  declined: [18, 'the answer to a question was no: nothing was changed after it'],
  unwritten: [
    19,
    'all went well, but its output could not be written, as where the disk is full: what was changed stays changed',
  ],
  interrupted: [130, 'stopped by Ctrl-C: hosts are untouched or guarded, as the report says'],
} as const satisfies Record<string, readonly [number, string]>

export type ExitName = keyof typeof exitCodes

export function exitCode(name: ExitName): number {
  return exitCodes[name][0]
}
