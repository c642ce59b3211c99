/** Renders a part or a page as the application does, with a small stand-in for the server. */
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import axe from "axe-core";
import type { ReactNode } from "react";
import { expect, vi } from "vitest";
import type { Role, Session } from "../api/session";
import { createAppRouter } from "../router";

/** What a call is answered: a body, or a problem with its status. */
export type Answer = { status?: number; body?: unknown };
export type Answers = Record<string, Answer | ((body: unknown) => Answer)>;

/** Calls made so far: "POST /session" with its body. */
export interface Calls {
  list: { call: string; body: unknown }[];
}

/** Answers `fetch` from a table of "METHOD /path" (without query); anything else is a 404 problem. */
export function fakeServer(answers: Answers): Calls {
  const calls: Calls = { list: [] };
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname.replace("/api/v1", "");
    const call = `${request.method} ${path}`;
    const text = await request.text();
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    calls.list.push({ call, body });
    const found = answers[call];
    const missing: Answer = {
      status: 404,
      body: { type: "urn:guet:not-found", title: `Introuvable : ${call}`, status: 404 },
    };
    const answer = found === undefined ? missing : typeof found === "function" ? found(body) : found;
    const status = answer.status ?? 200;
    return new Response(status === 204 ? null : JSON.stringify(answer.body ?? {}), {
      status,
      headers: { "Content-Type": status >= 400 ? "application/problem+json" : "application/json" },
    });
  });
  return calls;
}

/** A part under the language and the cache. */
export function renderPart(part: ReactNode) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <I18nProvider i18n={i18n}>
      <QueryClientProvider client={client}>{part}</QueryClientProvider>
    </I18nProvider>,
  );
}

/** A whole page at its address, through the real router and its guards. */
export function renderPage(address: string) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const router = createAppRouter(client);
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: [address] }) });
  const view = render(
    <I18nProvider i18n={i18n}>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </I18nProvider>,
  );
  return { ...view, router };
}

/** Fails with each violation; colour contrast needs a real browser and is checked there. */
export async function expectAccessible(container: Element): Promise<void> {
  const result = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
  expect(
    result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`),
  ).toEqual([]);
}

const HOUR_US = 3_600_000_000;

/** A session acting for a commune in a role, one hour from its end. */
export function sessionAs(role: Role, more: Partial<Session> = {}): Session {
  const now = Date.now() * 1000;
  const commune = { id: "valclair", name: "Valclair-sur-Brume" };
  return {
    id: "0".repeat(32),
    moment: "",
    person: { id: "p-1", label: "Le maire", login: "maire.valclair", host_admin: false },
    expires_us: now + HOUR_US,
    idle_expires_us: now + HOUR_US,
    communes: [{ ...commune, role, available: true, reason: "", rule: "", until_us: null, purposes: ["5"] }],
    acting: { commune: commune.id, name: commune.name, role, purpose: "5", motive: "", since_us: now },
    step_up_until_us: 0,
    unlocked: {},
    holder_of: [],
    unlocks_by_passkey: [],
    unlocks_by_token: [],
    has_passkey: false,
    demo: false,
    ...more,
  };
}

export const PURPOSES = {
  purposes: [{ id: "5", fr: "Prévention des atteintes", en: "Prevention of harm", regime: "police-justice" }],
};

/** What every page asks first: who is here, in which quality, and for what purposes. */
export const signedInAs = (role: Role, more: Partial<Session> = {}): Answers => ({
  "GET /session": { body: sessionAs(role, more) },
  "GET /purposes": { body: PURPOSES },
});

export const CAMERA_ID = "valclair-c07";

/** A camera as its page reads it. */
const CAMERA = {
  id: CAMERA_ID,
  commune: "valclair",
  number: 7,
  name: "Halle",
  place: "Mât 1",
  kind: "onvif",
  address: "10.0.0.7",
  tls: true,
  clock_offset_ms: 0,
  main_profile: {},
  sub_profile: {},
  streams: [],
};

/** What the server tells someone of that role on the camera's page; `camera` is what it is besides. */
export const cameraPage = (role: Role, camera: object, more: Answers = {}): Answers => ({
  ...signedInAs(role),
  [`GET /cameras/${CAMERA_ID}`]: { body: { ...CAMERA, legal: {}, ...camera } },
  ...more,
});
