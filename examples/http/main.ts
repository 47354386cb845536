import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { explain, open, type Row } from '../../src/index.ts'            // in your own project: from 'sluice'

const model = await open(process.argv[2] ?? 'delay.json', { watch: true })
const server = createServer(async (request, response) => {
  try { response.end(JSON.stringify(await model.score(await json(request) as Row[]))) }
  catch (error) { response.writeHead(400).end(explain(error)) }
})
server.listen(Number(process.argv[3] ?? 8080), '127.0.0.1', () => console.log(JSON.stringify(server.address())))
