// Asks with Node's own fetch, as it comes: client.mjs URL BODY
const [url, body] = process.argv.slice(2);
const headers = { "content-type": "application/json" };
const answer = await fetch(url, { method: "POST", body, headers });
console.log(answer.status, await answer.text());
