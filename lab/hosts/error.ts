/** What went wrong in the lab, in words for the person who runs it, with a next step where there is one. */
export class LabError extends Error {
  override readonly name = 'LabError'

  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message)
  }
}
