/**
 * Keeps a script's output as the agent does: every chunk goes to a file on the host, and what reaches AWS is what that
 * file took. On a full disk a script runs to its end and its output is lost.
 */

import type { Readable } from 'node:stream'

/** Far more than the 24,000 bytes that ever leave a host. */
const KEPT = 1 << 20

/** Writes a chunk to the host's copy; returns how many bytes of it the disk took. */
export type Sink = (chunk: Buffer) => number

export class Capture {
  private readonly chunks: Buffer[] = []
  private size = 0
  private closed = false

  constructor(stream: Readable, sink: Sink) {
    stream.on('data', (chunk: Buffer) => {
      if (this.closed) {
        // Go closes its end of the pipe at the first write after a kill: what survives then gets SIGPIPE.
        stream.destroy()
        return
      }
      this.keep(chunk.subarray(0, sink(chunk)))
    })
  }

  /** Nothing that is written from now on counts. */
  close(): void {
    this.closed = true
  }

  bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  private keep(chunk: Buffer): void {
    if (this.size >= KEPT) return
    this.chunks.push(chunk)
    this.size += chunk.length
  }
}
