/** HTTP on the loopback interface: reads a call, lets the faults have their say, answers. */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import type { Calls } from './calls.js'
import { sleep } from './clock.js'
import { answerControl } from './control-http.js'
import type { Control } from './control.js'
import { AwsError } from './errors.js'
import type { Faults } from './faults.js'
import { readCall, showError, showResult, type Answer, type Call, type ServiceName } from './protocol.js'
import type { Backend } from './service.js'

export interface Parts {
  readonly backend: Backend
  readonly faults: Faults
  readonly calls: Calls
  readonly control: Control
}

export function makeServer(parts: Parts): Server {
  return createServer((request, response) => {
    void read(request)
      .then((body) => handle(parts, request, response, body))
      .catch((error: unknown) => {
        response.destroy(error as Error)
      })
  })
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function handle(parts: Parts, request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
  const path = request.url ?? '/'
  if (path.startsWith('/_lab/')) {
    control(parts, request.method ?? '', path, body, response)
    return
  }
  parts.calls.keep(`${JSON.stringify(request.headers)}\n${body}`)
  const requestId = randomUUID()
  const answer = await answerCall(parts, request, body, requestId)
  if (answer === 'cut') {
    response.destroy()
    return
  }
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'x-amzn-requestid': requestId,
    'content-length': Buffer.byteLength(answer.body),
    ...answer.headers,
  })
  response.end(answer.body)
}

/** `cut` means the client is to see its connection end without an answer. */
async function answerCall(
  parts: Parts,
  request: IncomingMessage,
  body: string,
  requestId: string,
): Promise<Answer | 'cut'> {
  const { backend, faults, calls } = parts
  const { clock } = backend.world
  let call: Call | undefined
  const note = (outcome: string): void => {
    if (call !== undefined) calls.add({ at: clock.now(), service: call.service, operation: call.operation, outcome })
  }
  try {
    call = readCall(request, body)
    const plan = faults.judge(call, clock.now())
    await sleep(clock, plan.delayMs)
    if (plan.reset) {
      note('reset')
      return 'cut'
    }
    if (call.run === undefined) throw new AwsError('UnknownOperationException', `the lab has no ${call.operation}`, 404)
    const result = call.run(backend, call.input, call.region)
    note(plan.loseAnswer ? 'answer lost' : 'ok')
    return plan.loseAnswer ? 'cut' : showResult(call, result, requestId)
  } catch (error) {
    const known =
      error instanceof AwsError ? error : new AwsError('InternalServerError', `lab endpoint: ${String(error)}`, 500)
    note(known.code)
    return showError(call?.service ?? guess(request), known, requestId)
  }
}

const guess = (request: IncomingMessage): ServiceName => (request.headers['x-amz-target'] === undefined ? 'ec2' : 'ssm')

function control(parts: Parts, method: string, path: string, body: string, response: ServerResponse): void {
  let status = 400
  let answer: unknown
  try {
    const reply = answerControl(parts.control, method, path, body)
    status = reply.status
    answer = reply.body
  } catch (error) {
    answer = { error: (error as Error).message }
  }
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(answer))
}
