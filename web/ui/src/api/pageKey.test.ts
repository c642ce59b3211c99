import { beforeEach, expect, it, vi } from "vitest";
import { decodeBase64 } from "../media/bytes";
import { forgetPageKey, newPageKey, signWish } from "./pageKey";
import { forgetFacts, signed } from "./signed";
import { fileWishOf, wishOf } from "./signedCalls";

const SESSION = "0".repeat(32);

beforeEach(async () => {
  await forgetPageKey();
  forgetFacts();
});

async function parts(token: string, publicKey: string) {
  const [head = "", tail = ""] = token.split(".");
  const body = decodeBase64(head);
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("raw", decodeBase64(publicKey), curve, true, ["verify"]);
  const data = new Uint8Array([...new TextEncoder().encode("guet/wish/v1\0"), ...body]);
  const holds = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, decodeBase64(tail), data);
  return { holds, wish: JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown> };
}

it("signs for its own session only, and not after it was closed", async () => {
  const key = await newPageKey();
  await key.keep(SESSION);
  const { holds, wish } = await parts(await signWish(SESSION, { act: "live" }), key.publicKey);
  expect(holds).toBe(true);
  expect(wish).toEqual({ act: "live" });
  expect(await signWish("f".repeat(32), { act: "live" })).toBe("");
  await forgetPageKey();
  expect(await signWish(SESSION, { act: "live" })).toBe("");
});

it("says session, instant, commune and motive as the server last told them, each time with a fresh number", async () => {
  const key = await newPageKey();
  await key.keep(SESSION);
  const acting = { commune: "valclair", purpose: "5", motive: "secteur gare" };
  const answer = vi.fn(async () => Response.json({ id: SESSION, moment: "now", acting }));
  vi.stubGlobal("fetch", answer);
  const [first, second] = await Promise.all([
    signed({ act: "live", cameras: ["a"] }),
    signed({ act: "live" }),
  ]);
  const { holds, wish } = await parts(first, key.publicKey);
  expect(holds).toBe(true);
  expect(wish).toMatchObject({ session: SESSION, moment: "now", ...acting, act: "live", cameras: ["a"] });
  expect((await parts(second, key.publicKey)).wish.nonce).not.toBe(wish.nonce);
  expect(answer).toHaveBeenCalledTimes(1);
});

it("signs what an act is called with", () => {
  const decision = { decision: "execute" };
  expect(wishOf("/requests/{request}/decision", { request: "d-1" }, decision)).toEqual({
    act: "decide",
    args: { request: "d-1", ...decision },
  });
  expect(wishOf("/cameras/{camera_id}/framing/open", { camera_id: "c" }, { minutes: 5 })).toEqual({
    act: "open_framing",
    args: { camera: "c", minutes: 5 },
  });
  const camera = { found_id: "f-1", number: 3, username: "admin", password: "secret" };
  expect(wishOf("/communes/{commune}/enrol", { commune: "valclair" }, camera)).toEqual({
    act: "order_provisioning",
    args: { kind: "enrol", args: { found_id: "f-1", number: 3 } },
  });
  const plan = "/communes/{commune}/site-plans";
  expect(fileWishOf(plan, { commune: "valclair" }, { date: "2026-11-24" }, "ab".repeat(32))).toEqual({
    act: "file_site_plan",
    args: { date: "2026-11-24", sha256: "ab".repeat(32) },
  });
  expect(wishOf("/session/step-up", {}, {})).toBeUndefined();
});
