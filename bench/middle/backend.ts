/**
 * A data centre and a middle proxy that do the same work, as a process: a client's message is a command, and its answer is
 * what the command says. `node backend.ts DATA-CENTRE-PORT MIDDLE-PORT SECRET-HEX`
 */
import { createServer, type Socket } from 'node:net'
import { openedCipher, openInit } from '../../src/protocol/obfuscated2.ts'
import { FrameReader } from '../../src/protocol/transport/frame-reader.ts'
import { writeFrame } from '../../src/protocol/transport/frame-writer.ts'
import { readCommand } from '../../test/world/middle-proxy/command.ts'
import { FakeMiddleProxy } from '../../test/world/middle-proxy/fake-middle-proxy.ts'

const LONGEST = 2 ** 20
const INIT_SIZE = 64
const noPadding = (n: number) => Buffer.alloc(n)

function serve(socket: Socket): void {
  let head = Buffer.alloc(0)
  let talk: ((bytes: Buffer) => void) | undefined
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => {
    if (talk) return talk(bytes)
    head = Buffer.concat([head, bytes])
    if (head.length < INIT_SIZE) return
    talk = talkBehind(head.subarray(0, INIT_SIZE), socket)
    talk(head.subarray(INIT_SIZE))
  })
}

function talkBehind(wire: Buffer, socket: Socket): (bytes: Buffer) => void {
  const init = openInit(wire, undefined)
  if (!init) throw new Error('the init is none')
  const { transport, decipher } = init
  const cipher = openedCipher(init.toClient)
  const frames = new FrameReader(transport, LONGEST)
  const answer = (message: Buffer) => socket.write(cipher.update(writeFrame(transport, message, noPadding)))
  return (bytes) => {
    frames.read(decipher.update(bytes), (message) => {
      const command = readCommand(message)
      if (command?.kind === 'echo') answer(Buffer.from(message))
      if (command?.kind === 'pour') answer(Buffer.alloc(command.bytes))
    })
  }
}

const [dataCentrePort, middlePort, secret] = process.argv.slice(2)
const server = createServer({ noDelay: true }, serve)
server.listen({ host: '127.0.0.1', port: Number(dataCentrePort), backlog: 1024 })
await FakeMiddleProxy.start({ port: Number(middlePort), secret: Buffer.from(secret!, 'hex') })
process.on('disconnect', () => process.exit())
process.send!('ready')
