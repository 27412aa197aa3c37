/** Colour for terminals. It only ever repeats what the words beside it say. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly cyan: (text: string) => string
}

function sgr(open: number, close: number): (text: string) => string {
  return (text) => (text === '' ? '' : `\u001B[${String(open)}m${text}\u001B[${String(close)}m`)
}

const plain = (text: string): string => text

export const noStyle: Style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain }

export const ansiStyle: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
}

/** Colour if the stream is a terminal that has it. Node reads NO_COLOR, FORCE_COLOR and TERM itself in `hasColors`. */
export function styleFor(stream: NodeJS.WriteStream, wanted: boolean): Style {
  const capable = (stream as Partial<NodeJS.WriteStream>).isTTY === true && stream.hasColors()
  return wanted && capable ? ansiStyle : noStyle
}
