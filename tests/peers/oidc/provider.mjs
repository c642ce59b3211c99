/**
 * Runs oidc-provider as two providers on one port: a realm like Keycloak's (JSON user info, RS256), and one like
 * ProConnect (signed user info, ES256, pairwise subjects, `acr`, no unknown parameter). Arguments: the folder with
 * node_modules, and the settings as JSON; the last line it writes says that it is ready.
 */
import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [, , modules, text] = process.argv;
const { port, client, secret, returns, leaves, accounts } = JSON.parse(text);
const entry = pathToFileURL(`${modules}/node_modules/oidc-provider/lib/index.js`);
const { default: Provider } = await import(entry.href);

/** What ProConnect takes in an authorisation request; anything else is its error Y000400. */
const PROCONNECT_TAKES = new Set(
  (
    "client_id acr_values claims response_type response_mode nonce login_hint siret_hint state redirect_uri scope " +
    "prompt idp_hint code_challenge code_challenge_method"
  ).split(" "),
);

const key = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }),
  use: "sig",
  alg,
  kid: alg,
});
const jwks = {
  keys: [key("rsa", { modulusLength: 2048 }, "RS256"), key("ec", { namedCurve: "P-256" }, "ES256")],
};

function provider(prefix, alg, claims, more, clientMore) {
  const one = (client_id) => ({
    client_id,
    client_secret: secret,
    redirect_uris: returns,
    post_logout_redirect_uris: leaves,
    id_token_signed_response_alg: alg,
    grant_types: ["authorization_code"],
    response_types: ["code"],
    ...clientMore,
  });
  const made = new Provider(`http://127.0.0.1:${port}${prefix}`, {
    clients: [one(client), one("autre-service")],
    jwks,
    claims,
    cookies: { keys: ["peer"] },
    scopes: Object.keys(claims),
    enabledJWA: {
      idTokenSigningAlgValues: ["RS256", "ES256"],
      userinfoSigningAlgValues: ["RS256", "ES256"],
    },
    pkce: { required: () => true },
    interactions: { url: (_ctx, interaction) => `${prefix}/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...accounts[sub].claims }) }),
    async loadExistingGrant(ctx) {
      const grant = new made.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope([...ctx.oidc.requestParamScopes].join(" "));
      grant.addOIDCClaims([...ctx.oidc.requestParamClaims]);
      await grant.save();
      return grant;
    },
    ...more,
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true },
      ...more.features,
    },
  });
  return { prefix, made, serve: made.callback() };
}

const realm = provider(
  "/realms/valclair",
  "RS256",
  { openid: ["sub"], email: ["email"], profile: ["given_name", "family_name", "preferred_username"] },
  {},
  { token_endpoint_auth_method: "client_secret_basic" },
);
const proconnect = provider(
  "/api/v2",
  "ES256",
  {
    openid: ["sub"],
    email: ["email"],
    given_name: ["given_name"],
    usual_name: ["usual_name"],
    siret: ["siret"],
  },
  {
    acrValues: ["eidas1", "eidas1-mfa", "eidas2"],
    clientAuthMethods: ["client_secret_post"],
    subjectTypes: ["pairwise"],
    pairwiseIdentifier: (_ctx, sub, { clientId }) =>
      createHash("sha256").update(`${clientId} ${sub}`).digest("hex"),
    routes: {
      authorization: "/authorize",
      token: "/token",
      userinfo: "/userinfo",
      jwks: "/jwks",
      end_session: "/session/end",
    },
    features: { claimsParameter: { enabled: true }, jwtUserinfo: { enabled: true } },
  },
  {
    token_endpoint_auth_method: "client_secret_post",
    subject_type: "pairwise",
    userinfo_signed_response_alg: "ES256",
  },
);

/** The login form: a name, and no password since no account here has one worth knowing. */
async function interact({ made }, request, response) {
  if (request.method === "GET") {
    await made.interactionDetails(request, response);
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(
      '<!doctype html><html lang="fr"><title>Fournisseur</title><form method="post"><label>Identifiant ' +
        '<input name="login" autofocus></label><button>Entrer</button></form>',
    );
    return;
  }
  const parts = [];
  for await (const part of request) parts.push(part);
  const login = new URLSearchParams(Buffer.concat(parts).toString()).get("login") ?? "";
  const { prompt, session } = await made.interactionDetails(request, response);
  // Whoever proved too little is asked again by oidc-provider, as ProConnect does; here they give up.
  const again = session?.accountId !== undefined && prompt.reasons.includes("essential_acrs");
  const account = again ? undefined : accounts[login];
  const result = account
    ? { login: { accountId: login, ...(account.acr ? { acr: account.acr } : {}) } }
    : { error: "access_denied" };
  await made.interactionFinished(request, response, result);
}

createServer((request, response) => {
  const one = [realm, proconnect].find(({ prefix }) => request.url.startsWith(`${prefix}/`));
  if (!one) return response.writeHead(404).end();
  const { pathname, searchParams } = new URL(request.url, "http://peer");
  if (one === proconnect && pathname.endsWith("/authorize")) {
    const odd = [...searchParams.keys()].find((name) => !PROCONNECT_TAKES.has(name));
    if (odd) return response.writeHead(400).end(`Y000400 ${odd}`);
  }
  if (pathname.startsWith(`${one.prefix}/interaction/`)) {
    interact(one, request, response).catch((error) => response.writeHead(500).end(String(error)));
    return;
  }
  request.originalUrl = request.url;
  request.url = request.url.slice(one.prefix.length);
  one.serve(request, response);
}).listen(port, "127.0.0.1", () => console.log("ready"));
