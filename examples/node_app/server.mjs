// A whole app in Node, with nothing but what Node brings: it says who asks, as the gate in front of it tells.
import { createServer } from "node:http";

const escaped = (text) => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);

const server = createServer((request, response) => {
  const email = request.headers["x-forwarded-email"];
  const groups = (request.headers["x-forwarded-groups"] ?? "").split(",").filter(Boolean);
  if (!email) {
    response.writeHead(401, { "content-type": "text/plain" }).end("Come in through the gate.");
    return;
  }
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.end(`<!doctype html><title>Hello</title><h1>Hello, ${escaped(email)}!</h1>
<p>You are in: ${escaped(groups.join(", ")) || "no group"}.</p><p><a href="/oauth2/logout">Sign out</a></p>`);
});

// 127.0.0.1 alone: whoever reaches the app without the gate could say anything in these headers.
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
