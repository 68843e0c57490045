// Which of the messages on standard input the reference library takes, by each key and when changed.
const { Webhook } = require("standardwebhooks");

const told = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
function takes(key, body, headers) {
  try {
    new Webhook(key).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
const verdicts = told.messages.map((m) => [
  ...told.keys.map((key) => takes(key, m.body, m.headers)),
  takes(told.keys[0], `${m.body} `, m.headers),
]);
console.log(JSON.stringify(verdicts));
