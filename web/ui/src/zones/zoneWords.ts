import { useLingui } from "@lingui/react/macro";
import type { Reason } from "./drawing";
import { POINTS_MAX, type Problem } from "./polygon";

/** The nature of a zone, in words. */
export function useReasonWords(): Record<Reason, string> {
  const { t } = useLingui();
  return {
    "dwelling-interior": t`Habitation`,
    entrance: t`Entrée d’immeuble`,
    "private-garden": t`Jardin privé`,
    other: t`Autre lieu privé`,
  };
}

/** What is wrong with a zone and how to repair it. */
export function useProblemWords(): (problem: Problem) => string {
  const { t } = useLingui();
  return (problem) => {
    switch (problem.kind) {
      case "few":
        return t`Une zone a au moins trois points : posez-en d’autres.`;
      case "many":
        return t`Une zone a au plus ${POINTS_MAX} points : faites-en deux zones.`;
      case "outside": {
        const point = problem.point;
        return t`Le point ${point} est hors de l’image : gardez ses positions entre 0 et 1.`;
      }
      case "double": {
        const point = problem.point;
        return t`Le point ${point} est au même endroit qu’un autre : déplacez-le ou ôtez-le.`;
      }
      case "crossing": {
        const { first, second } = problem;
        return t`Les côtés ${first} et ${second} se croisent : déplacez un point.`;
      }
      case "flat":
        return t`La zone n’a presque aucune surface : agrandissez-la.`;
    }
  };
}
