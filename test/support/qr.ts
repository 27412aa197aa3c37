/** QR codes as an authenticator app sees them: pixels in, text out. */
import { PNG } from 'pngjs'
import decodeQR from 'qr/decode.js'

/** Of a picture, on the ground that its viewer happens to have. Throws where it holds none that can be read. */
export function textOfPng(picture: Buffer, ground: number): string {
  const { width, height, data } = PNG.sync.read(picture)
  for (let at = 0; at < data.length; at += 4)
    for (let colour = at; colour < at + 3; colour++) {
      const solid = (data[at + 3] ?? 0) / 255
      data[colour] = Math.round((data[colour] ?? 0) * solid + ground * (1 - solid))
    }
  return decodeQR({ width, height, data })
}

/** Of lines of half blocks in a dark terminal, two rows of modules each. */
export function textOfTerminal(screen: string): string {
  const rows = screen
    .split('\n')
    .map((line) => line.replace('\r', ''))
    .filter((line) => /^[ ▀▄█]{30,}$/.test(line))
  const pixels = 8
  const width = (rows[0]?.length ?? 0) * pixels
  const height = rows.length * 2 * pixels
  const data = new Uint8Array(width * height * 4).fill(255)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const block = rows[Math.floor(y / pixels / 2)]?.[Math.floor(x / pixels)] ?? ' '
      const lit = block === '█' || block === (Math.floor(y / pixels) % 2 === 0 ? '▀' : '▄')
      data.fill(lit ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3)
    }
  return decodeQR({ width, height, data })
}
