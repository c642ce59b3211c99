import { Trans, useLingui } from "@lingui/react/macro";
import {
  BadgeCheck,
  Ban,
  Cctv,
  CircleCheck,
  CircleX,
  type LucideIcon,
  MessageCircleQuestionMark,
  User,
} from "lucide-react";
import type { Explanation, WhyPart, WhyReason } from "../../api/why";
import { formatDate } from "../../i18n/format";
import { RuleTag } from "../../parts";
import { ServerWords } from "../../parts/ServerWords";
import { ELEMENT_WORDS } from "./words";

const ICONS: Record<WhyPart["about"], LucideIcon> = {
  question: MessageCircleQuestionMark,
  person: User,
  habilitation: BadgeCheck,
  camera: Cctv,
};

/** From the question to the verdict: each subject a knot, each element a link that holds or lacks. */
export function Chain({ told }: { told: Explanation }) {
  const { t } = useLingui();
  return (
    <ol className="chain" aria-label={t`De la question à la réponse`}>
      {told.parts
        .filter((part) => part.used)
        .map((part) => (
          <Knot key={`${part.about} ${part.subject}`} part={part} />
        ))}
      <li>
        <span className={`knot ${told.allowed ? "knot-ok" : "knot-bad"}`}>
          {told.allowed ? <CircleCheck className="ic" aria-hidden /> : <Ban className="ic" aria-hidden />}
        </span>
        <h3 className="end">
          {told.allowed ? <Trans>Réponse : permis</Trans> : <Trans>Réponse : refusé</Trans>}
        </h3>
      </li>
    </ol>
  );
}

function Knot({ part }: { part: WhyPart }) {
  const Icon = ICONS[part.about];
  return (
    <li className={part.holds ? undefined : "broken"}>
      <span className={`knot ${part.holds ? "knot-ok" : "knot-bad"}`}>
        <Icon className="ic" aria-hidden />
      </span>
      <h3>
        <PartTitle part={part} />
      </h3>
      <Links reasons={part.reasons} />
    </li>
  );
}

/** What the elements are about, in words. */
export function PartTitle({ part }: { part: WhyPart }) {
  const words = part.words || part.subject;
  switch (part.about) {
    case "question":
      return <Trans>La question</Trans>;
    case "person":
      return <Trans>La personne</Trans>;
    case "habilitation":
      return (
        <span>
          <Trans>L’habilitation :</Trans> <span lang="fr">{words}</span>
        </span>
      );
    case "camera":
      return (
        <span>
          <Trans>La caméra :</Trans> {words}
        </span>
      );
  }
}

/** The elements of one subject, in the order in which a refusal would name them. */
export function Links({ reasons }: { reasons: readonly WhyReason[] }) {
  return (
    <ul className="links">
      {reasons.map((reason) => (
        <LinkRow key={`${reason.rule} ${reason.element}`} reason={reason} />
      ))}
    </ul>
  );
}

function LinkRow({ reason }: { reason: WhyReason }) {
  const { t, i18n } = useLingui();
  const Icon = reason.holds ? CircleCheck : CircleX;
  const word = ELEMENT_WORDS[reason.element.replaceAll("\u00a0", " ")];
  const dates = [
    reason.from_us === null ? "" : t`depuis le ${formatDate(reason.from_us)}`,
    reason.until_us === null ? "" : t`jusqu’au ${formatDate(reason.until_us)}`,
  ];
  const facts = [reason.ref, ...dates].filter(Boolean).join(" · ");
  return (
    <li>
      <Icon className={`ic ${reason.holds ? "c-ok" : "c-danger"}`} aria-hidden />
      <span>
        <span className="vh">{reason.holds ? t`Rempli` : t`Manque`} : </span>
        {word ? i18n._(word) : <span lang="fr">{reason.element}</span>}
      </span>
      <span className="law">
        {reason.article} <RuleTag rule={reason.rule} />
      </span>
      {facts ? <span className="more">{facts}</span> : null}
      {reason.lapse ? (
        <span className="lacks">
          <ServerWords {...reason.lapse} />
        </span>
      ) : null}
    </li>
  );
}
