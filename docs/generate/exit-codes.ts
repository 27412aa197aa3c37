import { exitCodes } from '../../src/domain/exit-codes.js'

/** docs/exit-codes.md: the table in src/domain/exit-codes.ts, and how several hosts come to one code. */
export function exitCodesPage(): string {
  const rows = Object.entries(exitCodes).map(
    ([name, [code, meaning]]) => `| ${String(code)} | \`${name}\` | ${meaning} |`,
  )
  return `<!-- generated from src/domain/exit-codes.ts by \`npm run generate\` -->

# Exit codes

One number for what a run comes to. Under \`--json\` the result's \`exit\`, or the error's \`code\`, is the name; the process exits with the
number either way. How each host stands is in \`report.results[].outcome\` there (of a rehearsal \`rehearsal.results[].outcome\`): several outcomes share a code.

| code | name | meaning |
|---|---|---|
${rows.join('\n')}

With several hosts the worst news comes first: a host that needs hands (15), then Ctrl-C (130), then hosts that hold different
states (14). Hosts that failed alike give their own code; hosts that were never asked after a failure add nothing to it. Where hosts failed in different ways and all of them are in the
old state, it is 10 if whoever did not go back was busy, else 12 if any host had been changed, and 11 if none had.
`
}
