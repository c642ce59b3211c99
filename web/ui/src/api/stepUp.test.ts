import { expect, it, vi } from "vitest";
import { Problem } from "./problem";
import { onStepUpNeeded, withStepUp } from "./stepUp";

const wanted = new Problem({ type: "urn:guet:step-up-needed", title: "Mot de passe." }, 403);

it("asks once for the password when the server wants it, and runs the call anew", async () => {
  const ask = vi.fn(() => Promise.resolve());
  const stop = onStepUpNeeded(ask);
  const call = vi.fn<() => Promise<string>>().mockRejectedValueOnce(wanted).mockResolvedValueOnce("done");
  expect(await withStepUp(call)).toBe("done");
  expect([ask.mock.calls.length, call.mock.calls.length]).toEqual([1, 2]);
  stop();
  const again = vi.fn(() => Promise.reject(wanted));
  await expect(withStepUp(again)).rejects.toBe(wanted);
  expect([ask.mock.calls.length, again.mock.calls.length]).toEqual([1, 1]);
});

it("gives the act up with the person, and lets every other refusal through", async () => {
  const cancelled = new Error("cancelled");
  const stop = onStepUpNeeded(() => Promise.reject(cancelled));
  const call = vi.fn(() => Promise.reject(wanted));
  await expect(withStepUp(call)).rejects.toBe(cancelled);
  expect(call).toHaveBeenCalledOnce();
  const refusal = new Problem({ title: "Non.", rule: "P-24" }, 403);
  await expect(withStepUp(() => Promise.reject(refusal))).rejects.toBe(refusal);
  stop();
});
