/** The endpoint as a process: `tsx lab/aws/daemon.ts --port N --state PATH [--like-aws]`; silent, ends on SIGTERM. */

import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { likeAws, startEndpoint } from './index.js'

const lab = process.env['BASTIONCTL_LAB']
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env['BASTIONCTL_LAB_PORT'] ?? '0' },
    state: { type: 'string', default: lab === undefined ? '' : join(lab, 'state.json') },
    'like-aws': { type: 'boolean', default: false },
  },
})

const port = Number(values.port)
if (!Number.isInteger(port) || port < 0 || port > 65_535)
  fail(`--port must be a number up to 65535, not "${values.port}"`)
if (values.state === '') fail('no state file: give --state PATH or set BASTIONCTL_LAB')

const endpoint = await startEndpoint({ port, state: values.state, settings: values['like-aws'] ? likeAws : {} }).catch(
  (error: unknown) => fail((error as Error).message),
)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    void endpoint.close().then(() => process.exit(0))
  })
}

function fail(message: string): never {
  process.stderr.write(`lab endpoint: ${message}\n`)
  process.exit(2)
}
