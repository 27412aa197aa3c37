/**
 * The pipeline's steps. One list for the engine, events, the on-host journal, `--json` and the docs:
 * templates/host/lib/steps.sh carries the same names, and a test compares the two.
 */
export const steps = [
  'select',
  'inspect',
  'plan',
  'install',
  'rehearse',
  'arm',
  'commit',
  'reload',
  'prove',
  'confirm',
  'roll-back',
] as const

export type Step = (typeof steps)[number]
