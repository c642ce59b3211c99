import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { CameraLegal } from "../../api/cameras";
import { cameraPage, expectAccessible, fakeServer, CAMERA_ID as ID, renderPage } from "../../test/render";

type Masks = NonNullable<CameraLegal["masks"]>;

/** The camera's page, and what it says of its own masks; null where it says nothing. */
async function shown(masks: Masks) {
  fakeServer(cameraPage("chief", { legal: { masks } }));
  const { container } = renderPage(`/cameras/${ID}`);
  await screen.findByText("Zones privées");
  const label = screen.queryByText("Masques de la caméra");
  return { container, fact: label?.parentElement ? within(label.parentElement) : null };
}

describe("the camera's own masks on its page", () => {
  it("are missing since a moment, under the rule, before anything else is said of them", async () => {
    const since = Date.UTC(2026, 10, 24, 13, 12, 36) * 1000;
    const { container, fact } = await shown({ validated: 2, reported: 1, missing_since_us: since });
    expect(fact?.getByText(/manquants depuis/)).toBeTruthy();
    expect(fact?.getByText("Règle P-11")).toBeTruthy();
    await expectAccessible(container);
  });

  it("are checked when they were validated, and asked for when they were not", async () => {
    const checked = await shown({ validated: 2, reported: 2, missing_since_us: null });
    expect(checked.fact?.getByText("2 validés, contrôlés")).toBeTruthy();
  });

  it("are asked for when the camera has some that nobody validated", async () => {
    const unknown = await shown({ validated: null, reported: 1, missing_since_us: null });
    expect(unknown.fact?.getByText(/non validés/)).toBeTruthy();
  });

  it("are not spoken of where there are none", async () => {
    const none = await shown({ validated: 0, reported: 0, missing_since_us: null });
    expect(none.fact).toBeNull();
  });
});
