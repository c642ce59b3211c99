/** What is written beside or inside a saved picture or sequence: where it comes from, and under which verdict. */
import type { I18n } from "@lingui/core";
import { t } from "@lingui/core/macro";
import { instantText } from "../instants";
import type { Manifest, Stream } from "../package/manifest";
import type { Report } from "../package/report";
import { verdictOf } from "../package/report";
import { VERDICT_WORDS } from "../words";
import type { SavedPart } from "./sequence";

/** The package that a saved thing was taken from, with the verdict of that moment. */
export interface Origin {
  manifest: Manifest;
  report: Report;
}

function origin(i18n: I18n, { manifest, report }: Origin, stream: Stream): string[] {
  const verdict = i18n._(VERDICT_WORDS[verdictOf(report)]);
  const place = stream.place === "" ? "" : ` (${stream.place})`;
  const key = report.signer?.fingerprint ?? "–";
  return [
    t(i18n)`Commune : ${manifest.commune.name}`,
    t(i18n)`Demande : ${manifest.request.id}`,
    t(i18n)`Paquet : ${manifest.package}`,
    t(i18n)`Caméra : ${stream.name}${place}, ${stream.camera} ${stream.stream}`,
    t(i18n)`Verdict au moment de l’enregistrement : ${verdict}`,
    t(i18n)`Empreinte de la clé du signataire : ${key}`,
  ];
}

/** The text of a saved picture. */
export function pictureProvenance(i18n: I18n, from: Origin, stream: Stream, us: number): string {
  const at = instantText(us);
  const lines = [
    t(i18n)`Image du ${at}`,
    t(i18n)`Instant : ${us} µs UTC depuis 1970`,
    ...origin(i18n, from, stream),
  ];
  lines.push(t(i18n)`Image décodée telle quelle, enregistrée sans perte.`);
  return lines.join("\n");
}

/** The text beside a saved sequence's file. */
export function sequenceProvenance(i18n: I18n, from: Origin, stream: Stream, part: SavedPart): string {
  const [start, end] = [instantText(part.fromUs), instantText(part.toUs)];
  const { groups, pictures, firstSequence, sha256, name, content } = part;
  const [path, bytes] = [part.video.path, content.size];
  return [
    name,
    `SHA-256 : ${sha256}`,
    t(i18n)`Taille : ${bytes} octets`,
    "",
    t(i18n)`Du ${start}`,
    t(i18n)`Au ${end}`,
    t(i18n)`Images : ${pictures}, en ${groups} groupes, à partir du maillon ${firstSequence} de la chaîne`,
    t(i18n)`Tirée de : ${path}`,
    ...origin(i18n, from, stream),
    "",
    t(
      i18n,
    )`Les groupes d’images sont ceux du paquet, octet pour octet, sans réencodage ; seule leur horloge part de zéro.`,
    t(i18n)`Les groupes sont entiers : la séquence peut déborder les marques d’un groupe à chaque bout.`,
    "",
  ].join("\r\n");
}
