import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Volume } from "../../api/storage";
import { type Answers, expectAccessible, fakeServer, renderPage, sessionAs } from "../../test/render";

const NOW = Date.now() * 1000;
const DAY_US = 86_400_000_000;
const GB = 1_000_000_000;

const VOLUME: Volume = {
  id: "main",
  level: "ok",
  total_bytes: 4000 * GB,
  free_bytes: 2500 * GB,
  reserve_bytes: 2 * GB,
  stored_bytes: 1400 * GB,
  needed_bytes: 2900 * GB,
  bytes_per_s: 1_100_000,
  reserve_us: null,
  stop_us: null,
  fault: "",
  measured_us: NOW - 10_000_000,
};

const CAMERA = {
  camera: "valclair-c12",
  stored_bytes: 700 * GB,
  protected_bytes: 40 * GB,
  bytes_per_s: 550_000,
  rank: 1,
  stopped_us: null,
  minutes: [{ stream: "main", start_us: NOW, fps: 25, width: 1920, height: 1080, rule: "" }],
};

function storage(volumes: Partial<Volume>[], cameras: object[] = [CAMERA]): Answers {
  const body = { volumes: volumes.map((one) => ({ ...VOLUME, ...one })), cameras, now_us: NOW };
  return {
    "GET /session": { body: sessionAs("mayor") },
    "GET /communes/valclair/cameras": { body: [] },
    "GET /communes/valclair/requests": { body: { requests: [] } },
    "GET /communes/valclair/storage": { body },
  };
}

describe("storage", () => {
  it("says that a volume which holds its term is enough", async () => {
    fakeServer(storage([{}]));
    const { container } = renderPage("/stockage");
    expect(await screen.findByText("Place suffisante")).toBeTruthy();
    expect(screen.getAllByText("jamais")).toHaveLength(2);
    expect(screen.getByText(/1.?920 × 1.?080, 25 images\/s/)).toBeTruthy();
    await expectAccessible(container);
  });

  it("warns days ahead", async () => {
    fakeServer(storage([{ level: "warn", reserve_us: NOW + 5.5 * DAY_US, stop_us: NOW + 9 * DAY_US }]));
    const { container } = renderPage("/stockage");
    expect(await screen.findByText(/Le volume sera plein dans 5.j 12.h/)).toBeTruthy();
    expect(screen.getByText("5 jours")).toBeTruthy();
    expect(screen.getByText("9 jours")).toBeTruthy();
    await expectAccessible(container);
  });

  it("counts the hours of a last day", async () => {
    fakeServer(storage([{ level: "warn", reserve_us: NOW + 0.5 * DAY_US, stop_us: NOW + DAY_US }]));
    renderPage("/stockage");
    expect(await screen.findByText(/^(11.h 59.min|12.h)$/)).toBeTruthy();
    expect(screen.queryByText("0 jour")).toBeNull();
  });

  it("names the cameras that are not recorded, and a minute below the floor", async () => {
    const short = { stream: "main", start_us: NOW, fps: 4.2, width: 1920, height: 1080, rule: "T-06" };
    fakeServer(storage([{ level: "stopping" }], [{ ...CAMERA, stopped_us: NOW - DAY_US, minutes: [short] }]));
    const { container } = renderPage("/stockage");
    expect(await screen.findByText(/Des caméras ne sont plus enregistrées/)).toBeTruthy();
    expect(screen.getByText(/Arrêtée le/)).toBeTruthy();
    expect(screen.getByText("sous le seuil")).toBeTruthy();
    await expectAccessible(container);
  });

  it("says what is wrong with a volume, and that old figures are old", async () => {
    fakeServer(
      storage([{ level: "wrong", fault: "Ce volume est un autre.", measured_us: NOW - DAY_US }], []),
    );
    const { container } = renderPage("/stockage");
    expect(await screen.findByText(/Ce volume est un autre/)).toBeTruthy();
    expect(screen.getByText("Ces chiffres sont anciens.")).toBeTruthy();
    expect(screen.getByText("Aucune caméra")).toBeTruthy();
    await expectAccessible(container);
  });

  it("says what the spare volume does: nothing, all of it, or that it could not", async () => {
    const spare = { id: "spare", reserve_bytes: GB, needed_bytes: 0, bytes_per_s: 0 };
    fakeServer(storage([{}, spare]));
    const standingBy = renderPage("/stockage");
    expect(await screen.findByText("Volume de secours")).toBeTruthy();
    expect(screen.queryByText(/vont sur le volume de secours/)).toBeNull();
    await expectAccessible(standingBy.container);
    standingBy.unmount();
    const wrong = { level: "wrong", fault: "Ce volume est un autre." };
    fakeServer(storage([wrong, { ...spare, level: "in-use", stop_us: NOW + 1.25 * DAY_US }]));
    const inUse = renderPage("/stockage");
    expect(await screen.findByText(/vont sur le volume de secours/)).toBeTruthy();
    expect(screen.getByText(/de la place pour 1.j 0?6.h/)).toBeTruthy();
    await expectAccessible(inUse.container);
    inUse.unmount();
    fakeServer(storage([{}, { ...spare, level: "wrong", fault: "Il est absent." }]));
    renderPage("/stockage");
    expect(await screen.findByText("Le volume de secours ne servirait à rien.")).toBeTruthy();
    expect(screen.getByText(/Il est absent/)).toBeTruthy();
  });

  it("has an empty state before the first measure and a refusal with its rule", async () => {
    fakeServer(storage([], []));
    const first = renderPage("/stockage");
    expect(await screen.findByText("Aucune mesure")).toBeTruthy();
    await expectAccessible(first.container);
    first.unmount();
    const refusal = {
      type: "urn:guet:refused",
      title: "Ce n’est pas votre rôle.",
      rule: "P-58",
      status: 403,
    };
    fakeServer({ ...storage([]), "GET /communes/valclair/storage": { status: 403, body: refusal } });
    const second = renderPage("/stockage");
    expect(await screen.findByText("Ce n’est pas votre rôle.")).toBeTruthy();
    await expectAccessible(second.container);
  });

  it("shows the host each commune's share, and no picture", async () => {
    const session = sessionAs("mayor", { acting: null, communes: [] });
    session.person.host_admin = true;
    const communes = [
      {
        commune: "valclair",
        name: "Valclair-sur-Brume",
        cameras: 17,
        stored_bytes: 900 * GB,
        bytes_per_s: 9e6,
        stopped: 2,
      },
    ];
    fakeServer({
      "GET /session": { body: session },
      "GET /host/storage": { body: { volumes: [VOLUME], communes, now_us: NOW } },
    });
    const { container } = renderPage("/hebergeur");
    expect(await screen.findByText("Valclair-sur-Brume")).toBeTruthy();
    expect(screen.getByText("Volume principal")).toBeTruthy();
    await expectAccessible(container);
  });
});
