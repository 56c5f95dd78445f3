/** A front where there is no nginx: `node node-front.ts PORT PEM`. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [port, pem] = process.argv.slice(2)
const identity = readFileSync(pem!, 'utf8')
const server = createServer(
  { key: identity, cert: identity, minVersion: 'TLSv1.3' },
  (_request, response) => {
    response.end('a page')
  },
)
server.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 })
