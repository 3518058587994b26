"""What stands behind each figure that the product shows: in words, for the help of every screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ROWS_LIKE_PRODUCTION = "that the rows look like production. That is for people to see to."


@dataclass(frozen=True, slots=True)
class Explanation:
    """One figure, explained."""

    name: str
    meaning: str
    """What it says, in a sentence or two."""
    formula: str
    """How it is computed, in words."""
    assumes: str
    not_claimed: str
    """What people may read into it that it doesn't say."""
    source: str
    """Where the method is from; empty where it is plain counting."""

    def text(self) -> str:
        """All of it, one thought a line."""
        lines = [
            self.meaning,
            f"How: {self.formula}",
            f"Assumes {self.assumes}",
            f"Not claimed: {self.not_claimed}",
        ]
        return "\n".join([*lines, f"Source: {self.source}"] if self.source else lines)


_ALL = (
    Explanation(
        "wrong rate",
        "Wrong answers as a share of those that were answered, and in brackets the bounds of the "
        "share that one would find with endlessly many rows like these.",
        "wrong ÷ (right + wrong). The upper bound is the largest true share at which so few wrong "
        "answers would still come up in 5 of 100 runs, the lower bound the smallest at which so "
        "many would (at 95 %; another confidence, other numbers). With none wrong of n rows the "
        "upper bound is about 3 ÷ n. Upper bounds are rounded up, lower ones down.",
        "that rows are drawn independently and that their number was fixed beforehand; where a run "
        "could be stopped, the anytime bound takes its place.",
        ROWS_LIKE_PRODUCTION,
        "Clopper and Pearson, Biometrika 26 (1934).",
    ),
    Explanation(
        "verdict",
        "within: the upper bound of the wrong rate is at most the tolerated share. exceeded: the "
        "lower bound is above it. undecided: neither yet. There is no fourth answer, and the bare "
        "share wrong never decides: 50 rows with at most 1 wrong pass a system that is 5 % wrong "
        "28 times in 100.",
        "asked twice, once with errored rows left out and once with each counted as wrong; where "
        "the answers differ it is undecided. Where harmful answers have a limit of their own, "
        "within needs both. The exit codes of the command line are 0, 1 and 3.",
        "what the bounds assume. Each verdict may be wrong as often as the tolerance lets it: at "
        "95 %, one time in 20 at most.",
        ROWS_LIKE_PRODUCTION,
        "",
    ),
    Explanation(
        "errored rows",
        "Rows without an answer: the endpoint failed, or what came could not be read.",
        "counted apart, neither right nor wrong; the worst case counts each as wrong.",
        "nothing.",
        "that they would have gone like the others.",
        "",
    ),
    Explanation(
        "rows more",
        "How many more rows would decide an undecided run: said once as if none of them were "
        "wrong, and once at the rate so far.",
        "the smallest number at which the bound is at most the tolerated share. The rate so far is "
        "(wrong + ½) ÷ (rows + 1); where it is not below the tolerated share, no number of rows at "
        "that rate ever suffices. Costs and time are those of the rows so far.",
        "that the rows to come are like those so far.",
        "a promise: the rate so far is itself a guess while rows are few.",
        "Inverse of Clopper and Pearson (1934); the ½ is Jeffreys' prior.",
    ),
    Explanation(
        "anytime bound",
        "The bounds of a run that is looked at while it goes on. They hold at every row at once, "
        "so that stopping as soon as it looks good is no cheating. They are a little wider.",
        "bet against “the true share is at least the tolerated one” with each row. If that were "
        "true, nobody could multiply the stake by 20 (at 95 %) more than one time in 20, however "
        "often one looked. So once the stake has grown that much, it is not true. The bound is the "
        "share against which the bet has just been won.",
        "that rows come in random order. Answers count only when all before them in that order are "
        "known, as slow answers may well be the wrong ones.",
        "what a bound of a fixed number of rows would say: looked at after each of 2,000 rows, one "
        "that is right 19 times in 20 passes a system at its limit more than one time in 5.",
        "Ville (1939); Robbins, Ann. Math. Stat. 41 (1970); Howard, Ramdas, McAuliffe and Sekhon, "
        "Ann. Stat. 49 (2021). Repeats and clusters: Waudby-Smith and Ramdas, J. R. Stat. Soc. B "
        "86 (2024).",
    ),
    Explanation(
        "calls saved",
        "A run that may stop itself ends when its verdict is certain; the calls that it still had "
        "before it are saved.",
        "planned less made. Answers under way when it stopped are counted in.",
        "the anytime bound: it is used to the end of such a run, also where nothing was saved.",
        "as narrow bounds as the whole run would have had.",
        "",
    ),
    Explanation(
        "paired comparison",
        "Two versions on the same rows. mended: rows that only the later one got right; broken: "
        "rows that only the earlier one did. Rows on which they agree say nothing about which is "
        "better.",
        "if neither were better, mended and broken would be like heads and tails; p is how rarely "
        "chance alone makes them this uneven. (mended − broken) ÷ rows is how much smaller the "
        "share wrong became, with bounds. Of several candidates, each p is raised for being one of "
        "several.",
        "that both saw the same rows, and that the number of rows was fixed: p is said when the "
        "run is over.",
        "that no significant difference means the same: ask non-inferiority for that.",
        "McNemar, Psychometrika 12 (1947), exact; interval: Tango, Stat. Med. 17 (1998); "
        "several: Holm, Scand. J. Stat. 6 (1979).",
    ),
    Explanation(
        "non-inferiority",
        "Whether a new version is at most a stated margin worse than the old one: the question "
        "that a regression gate should ask.",
        "the new version passes when the lower bound of (its share right less the old one's), on "
        "the same rows, is above minus the margin.",
        "that the margin was chosen before looking.",
        "that it is better.",
        "Interval of paired differences: Tango, Stat. Med. 17 (1998).",
    ),
    Explanation(
        "design effect",
        "How many times more rows one needs because rows belong together: turns of one "
        "conversation, parts of one document, repeats of one row. Ten answers to one question are "
        "no ten questions.",
        "variance of the share when whole groups vary, divided by the variance that as many "
        "unrelated rows would have. Repeats are averaged for each row first. Bounds are those at "
        "the effective number of rows, or Miller's with a t of (groups − 1) degrees of freedom "
        "where these are wider.",
        "that groups have nothing to do with each other.",
        "much with few groups: below about 20 the bounds are wide for a reason.",
        "Miller, Adding Error Bars to Evals, arXiv 2411.00640 (2024); Korn and Graubard, Survey "
        "Methodology 24 (1998).",
    ),
    Explanation(
        "harmful limit",
        "Harmful answers have a limit of their own, which is never averaged away among the merely "
        "wrong ones.",
        "the verdict is asked again with harmful answers only. Scorers tell right from wrong, not "
        "how bad it is: until people say so, each wrong answer may be harmful, so that one wrong "
        "answer leaves it undecided. In production, people's reviews say it.",
        "that reviewers mark what is harmful (h in Triage).",
        "that a run without people's verdicts can show harm to be absent where answers are wrong.",
        "",
    ),
    Explanation(
        "gate wear",
        "How many runs have looked at the gate split. A prompt that was kept because it did well "
        "there has been fitted to it a little, each time.",
        "runs on the split “gate” of the data set, in all its versions; after 10 there is a "
        "warning.",
        "that looks were used to choose.",
        "by how much the verdict is flattered: fresh examples would tell.",
        "Dwork and others, The reusable holdout, Science 349 (2015).",
    ),
    Explanation(
        "price of proof",
        "Rows, money and hours that showing the tolerance takes, by how wrong the system really "
        "is: the nearer to the limit, the dearer.",
        "the smallest number of rows at which the upper bound ends within the tolerance 4 times in "
        "5. Money: at what a row of this project cost so far. Hours: at 30 seconds for each row "
        "that a person labels. Wholly clean rows: about 3 ÷ the tolerated share.",
        "that you can guess how wrong the system is; a small run tells.",
        ROWS_LIKE_PRODUCTION,
        "Inverse of Clopper and Pearson (1934); binomial power.",
    ),
    Explanation(
        "live wrong rate",
        "How wrong production is, from people's verdicts in two lanes: everything that a rule "
        "flagged, and a random sample of the calls that no rule flagged.",
        "wrong flagged calls, counted, plus the unflagged calls times the bound of the share wrong "
        "in the sample, divided by all calls. While flagged calls wait for a verdict, the judged "
        "ones stand in for them with a bound of their own.",
        "that the sample was drawn at random (the gateway does that), that flagged calls which are "
        "judged first are no better than those that wait, and that one looks at a time chosen "
        "beforehand: this is no anytime bound.",
        "anything from flagged calls alone: what the flags miss is never among them. Reviewers err "
        "too; at a tolerance of 2 % an error of 2 % among verdicts drowns the answer.",
        "Cochran, Sampling Techniques (1977), ch. 5; Clopper and Pearson (1934) in each sample.",
    ),
    Explanation(
        "error budget",
        "How many wrong answers the tolerance lets a window have, and how many of them were used "
        "up.",
        "budget: tolerated share × answers in the window. Spent: wrong answers that people saw, "
        "plus those that the random sample tells of. “At least” comes from the upper bound of the "
        "live wrong rate, as if everything unknown up to it were spent.",
        "what the live wrong rate assumes. Failed and cancelled calls are no answers and are left "
        "out.",
        "that the budget is safe where only the estimate says so: look at “at least”.",
        "Google, The Site Reliability Workbook (2018), ch. 5.",
    ),
    Explanation(
        "burn rate",
        "How fast the budget is spent: 1 uses it up in just the window, 10 in a tenth of it.",
        "wrong rate ÷ tolerated share. It can't exceed 1 ÷ tolerated share, so alerts made for "
        "tiny tolerances can never fire at larger ones (14.4 × needs a tolerance below 6.9 %); "
        "thresholds are chosen from the tolerance and the window.",
        "enough verdicts in the window: people label too few for short ones.",
        "that a quiet hour means nothing is wrong.",
        "Google, The Site Reliability Workbook (2018), ch. 5.",
    ),
    Explanation(
        "flag-rate band",
        "How many flags a window may bring before that is news: the fast signal, as flags need no "
        "person.",
        "mean of earlier windows ± 3 × the largest of their spread, the square root of the mean, "
        "and 1.",
        "that earlier windows were normal.",
        "that more flags are more wrong answers, or fewer flags fewer: rules err.",
        "",
    ),
)
EXPLANATIONS = {one.name: one for one in _ALL}
"""By name, in the order in which they make sense."""


def explained(names: Iterable[str]) -> list[Explanation]:
    """The explanations of some figures, in the order given.

    Raises:
        KeyError: a figure that nobody explained.
    """
    return [EXPLANATIONS[name] for name in names]
