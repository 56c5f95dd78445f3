import { createHash, type Hash } from 'node:crypto'

export interface UploadedFile {
  readonly parts: number
  readonly bytes: number
  /** Lowercase hex, over the parts that are here without a gap from the first on. */
  readonly sha256: string
}

interface Upload {
  readonly hash: Hash
  readonly early: Map<number, Buffer>
  next: number
  bytes: number
}

/** Files as they come in by parts, in any order; only parts that came too early are kept. */
export class Uploads {
  readonly #files = new Map<bigint, Upload>()

  save(file: bigint, part: number, bytes: Buffer): void {
    const upload = this.#file(file)
    if (part < upload.next || upload.early.has(part)) return
    upload.early.set(part, Buffer.from(bytes))
    for (let ready = upload.early.get(upload.next); ready; ready = upload.early.get(upload.next)) {
      upload.early.delete(upload.next)
      upload.hash.update(ready)
      upload.bytes += ready.length
      upload.next++
    }
  }

  /** By file id, in decimal. */
  summary(): Record<string, UploadedFile> {
    return Object.fromEntries(
      [...this.#files].map(([file, upload]) => [
        String(file),
        { parts: upload.next, bytes: upload.bytes, sha256: upload.hash.copy().digest('hex') },
      ]),
    )
  }

  #file(file: bigint): Upload {
    const known = this.#files.get(file)
    if (known) return known
    const fresh: Upload = { hash: createHash('sha256'), early: new Map(), next: 0, bytes: 0 }
    this.#files.set(file, fresh)
    return fresh
  }
}
