/** What becomes of a run whose words cannot be written. It goes on: hosts must not be left half-way because a disk is full here. */
import { exitCode } from '../domain/exit-codes.js'
import { fileProblem } from './file-problem.js'

let said = false

/** To be called anew once oclif's command class is loaded: its own listener throws all but EPIPE. */
export function surviveLostOutput(): void {
  process.stdout.removeAllListeners('error').on('error', sayOnce)
  process.stderr.removeAllListeners('error').on('error', () => undefined)
}

/** A reader that has gone (`| head`) has all that it wants. A run that has failed keeps its own exit code. */
function sayOnce(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || said) return
  said = true
  process.stderr.write(`the output could not be written: ${fileProblem(error)}\n`)
  process.once('exit', () => {
    process.exitCode ||= exitCode('unwritten')
  })
}
