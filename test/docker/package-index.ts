// A package index with a password: `package-index.ts FOLDER PORT`, where FOLDER holds wheels. INDEX_PASSWORD is asked for.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { networkGateway } from "../support/docker";

const [folder = "", port = ""] = process.argv.slice(2);
const expected = `Basic ${Buffer.from(`ada:${process.env["INDEX_PASSWORD"]}`).toString("base64")}`;

http
  .createServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="packages"' }).end();
      return;
    }
    const [, kind, name] = /^\/(simple|files)\/([^/]+)\/?$/.exec(request.url ?? "") ?? [];
    const file = path.join(folder, path.basename(decodeURIComponent(name ?? "")));
    if (kind === "files" && fs.existsSync(file)) {
      response.writeHead(200, { "Content-Length": fs.statSync(file).size });
      fs.createReadStream(file).pipe(response);
      return;
    }
    const own = fs.readdirSync(folder).filter((each) => projectOf(each) === name);
    const links = own.map((each) => `<a href="/files/${encodeURIComponent(each)}">${each}</a>`);
    const found = kind === "simple" && own.length > 0;
    response.writeHead(found ? 200 : 404, { "Content-Type": "text/html" }).end(links.join("\n"));
  })
  .listen(Number(port), networkGateway, () => console.log("listening"));

/** The project that a wheel is of, as an index names it. */
function projectOf(wheel: string): string {
  return wheel
    .split("-")[0]!
    .toLowerCase()
    .replace(/[-_.]+/g, "-");
}
