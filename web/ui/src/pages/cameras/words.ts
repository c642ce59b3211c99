import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Camera, LegalState, StreamHealth } from "../../api/cameras";
import type { StateName } from "../../parts";

/** The life of a camera, in order (P-24). */
export const LIFE: readonly LegalState[] = [
  "found",
  "enrolled",
  "authorised",
  "framed",
  "commissioned",
  "in_service",
  "suspended",
  "retired",
];

export const LIFE_WORDS: Record<LegalState, MessageDescriptor> = {
  found: msg`Trouvée`,
  enrolled: msg`Enrôlée`,
  authorised: msg`Autorisée`,
  framed: msg`Cadrée`,
  commissioned: msg`Réceptionnée`,
  in_service: msg`En service`,
  suspended: msg`Suspendue`,
  retired: msg`Retirée`,
};

/** What the camera waits for, in each state. */
export const WAITS_FOR: Record<LegalState, MessageDescriptor> = {
  found: msg`à enrôler`,
  enrolled: msg`attend l’arrêté`,
  authorised: msg`à cadrer`,
  framed: msg`zones à valider, puis réception`,
  commissioned: msg`à mettre en service`,
  in_service: msg`enregistre`,
  suspended: msg`cause à lever`,
  retired: msg`ne revient pas`,
};

/** Causes of an absence of pictures, as the recorder names them. */
const CAUSE_WORDS: Record<string, MessageDescriptor> = {
  "camera-unreachable": msg`caméra injoignable`,
  "stream-stalled": msg`flux interrompu`,
  "stream-refused": msg`flux refusé par la caméra`,
  "other-certificate": msg`autre certificat qu’à l’enrôlement`,
  "recorder-stopped": msg`enregistreur arrêté`,
  "disk-full": msg`disque plein`,
  "disk-wrong": msg`disque inattendu`,
  "store-stalled": msg`stockage qui ne répond plus`,
  "mask-failed": msg`doute sur le masque`,
  "mask-drift": msg`dérive du masque`,
  "picture-size-changed": msg`taille d’image changée`,
  "parameter-sets-missing": msg`flux illisible`,
  "not-authorised": msg`non autorisée`,
  suspended: msg`suspendue`,
  "wrong-credential": msg`mot de passe refusé par la caméra`,
  clock: msg`horloge`,
  "key-frame-awaited": msg`image clé attendue`,
  "stream-damaged": msg`flux abîmé`,
};

/** The words of a cause; an unknown one is shown as it came, never hidden. */
export function causeWords(cause: string): MessageDescriptor | string {
  return CAUSE_WORDS[cause] ?? cause;
}

/** Seconds without a picture after which a stalled stream is lost, not frozen. */
const LOST_AFTER_US = 10_000_000;

/** The state that a camera's main stream shows, from law first, then health. */
export function pictureState(camera: Camera, nowUs: number): StateName {
  const legal = camera.legal.state;
  if (legal === "suspended") return "suspended";
  if (legal === "retired") return "retired";
  if (legal !== "in_service") return "no-picture";
  return streamState(
    camera.streams.find((stream) => stream.stream === "main"),
    nowUs,
  );
}

/** The state of one stream. */
export function streamState(stream: StreamHealth | undefined, nowUs: number): StateName {
  switch (stream?.state) {
    case "live":
      return "live";
    case "connecting":
      return "connecting";
    case "stalled":
      return nowUs - stream.last_unit_us > LOST_AFTER_US ? "lost" : "frozen";
    case "dark":
      return "cut";
    default:
      return "stopped";
  }
}

/** Two digits at least, as on the mast: "07". */
export function cameraNumber(camera: { number: number }): string {
  return String(camera.number).padStart(2, "0");
}

const CODECS: readonly [RegExp, string][] = [
  [/^(avc|h\.?264)/i, "H.264"],
  [/^(hvc|hev|h\.?265)/i, "H.265"],
  [/^av01/i, "AV1"],
];

/** "H.264" for `h264` and `avc1.64001F` alike. */
export function codecWords(codec: string | undefined): string {
  if (!codec) return "";
  return CODECS.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;
}
