// Express with one route, bare, or behind express-openid-connect at its defaults, but for the code flow.
// NODE_PATH names the folder of its packages.
const express = require("express");
const app = express();

if (!process.env.RACE_BARE) {
  const { auth } = require("express-openid-connect");
  app.use(
    auth({
      issuerBaseURL: process.env.RACE_ISSUER,
      baseURL: process.env.RACE_URL,
      clientID: process.env.RACE_CLIENT_ID,
      clientSecret: process.env.RACE_CLIENT_SECRET,
      secret: "a-secret-for-the-race-0123456789abcdef",
      authRequired: true,
      authorizationParams: { response_type: "code", scope: "openid email profile" },
    }),
  );
}
app.get("/", (request, response) => response.type("text/plain").send("hello"));
app.listen(Number(process.argv[2]), "127.0.0.1");
