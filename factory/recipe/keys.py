"""What may stand in a recipe: a class a mapping. See `docs/reference/recipe.md`."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from factory import addresses
from factory.errors import WrongRequest
from factory.licences import Use as UseOfRows
from factory.llm.settings import Model
from factory.policy import Confidentiality
from factory.shapes.cells import Field as ShapeField

OWN = ("mix", "target")  # what stands among the verdicts of filters and is none


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Use(_Strict):
    """One entry of a list of plugins: which, under what name, with which options."""

    instance: str
    plugin: str
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, entry: Any) -> Any:
        if isinstance(entry, str):
            return {"instance": entry, "plugin": entry}
        if not isinstance(entry, dict) or len(entry) != 1:
            raise ValueError("write a name, or one 'name: {option: value}'")
        name, options = next(iter(entry.items()))
        if options is not None and not isinstance(options, dict):
            raise ValueError(f"the options of '{name}' must be a mapping")
        options = dict(options or {})
        return {"instance": str(name), "plugin": options.pop("plugin", name), "options": options}

    @field_validator("instance")
    @classmethod
    def _is_a_file_name(cls, name: str) -> str:
        if not name.replace("_", "").replace("-", "").isalnum():
            raise ValueError("a name has letters, digits, '-' and '_' only")  # it names files and ids
        if name in OWN:
            raise ValueError(f"the run's own verdicts are called '{name}'; write 'other_name: {{plugin: {name}}}'")
        return name


class Feedback(_Strict):
    """What the votes of a feedback log mean, and what becomes of a corrected answer."""

    good: float | list[str] | None = None
    bad: float | list[str] | None = None
    edits: list[Literal["preference", "sft"]] = Field(default=["preference"], min_length=1)

    @field_validator("good", "bad", mode="before")
    @classmethod
    def _is_a_number_or_words(cls, bound: Any) -> Any:
        words = isinstance(bound, list) and all(isinstance(word, str) for word in bound)
        if bound is not None and not words and (isinstance(bound, bool) or not isinstance(bound, int | float)):
            raise ValueError("write a number, as in 'good: 4', or a list of words, as in 'good: [solved]'")
        return bound

    @model_validator(mode="after")
    def _is_a_scale(self) -> "Feedback":
        if isinstance(self.good, int | float) and isinstance(self.bad, int | float) and self.bad >= self.good:
            raise ValueError("what is good must be more than what is bad")
        return self


class Ocr(_Strict):
    """What reads pages that are pictures, and in which languages."""

    engine: Literal["tesseract"] = "tesseract"
    languages: list[Annotated[str, Field(min_length=1)]] = Field(default=["eng"], min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, entry: Any) -> Any:
        if not isinstance(entry, str | dict):
            raise ValueError("write 'ocr: tesseract', or 'ocr: {languages: [eng, deu]}'")
        return {"engine": entry} if isinstance(entry, str) else entry

    @staticmethod
    def also_by_name(schema: dict[str, Any]) -> None:
        """Put the short form into the schema of a key of this type."""
        schema["anyOf"].append({"const": "tesseract"})


class Source(_Strict):
    """What the user names: a file, folder or glob, and what may be done with it."""

    path: str
    name: str = ""
    licence: str | None = None
    copyright: str | None = None
    confidentiality: Confidentiality = "internal"
    as_: Literal["documents", "records", "feedback"] = Field(default="documents", alias="as")
    map: dict[ShapeField, str] = {}
    sample: int | None = Field(default=None, ge=1)
    feedback: Feedback = Feedback()
    revision: str | None = Field(default=None, min_length=1)
    storage: dict[str, Any] = {}
    ocr: Ocr | None = Field(default=None, json_schema_extra=Ocr.also_by_name)
    _address: str = PrivateAttr(default="")

    def model_post_init(self, context: Any, /) -> None:
        """Keep the path as it is written: a recipe that is loaded names it without credentials."""
        self._address = self.path

    @model_validator(mode="after")
    def _lies_somewhere(self) -> "Source":
        if self.is_remote:
            addresses.check(self.path)
            addresses.check_options(self.storage)
        elif self.storage:
            raise ValueError("'storage:' is for a source that is an address, as in 'path: s3://bucket/folder/'")
        return self

    @model_validator(mode="after")
    def _has_one_revision(self) -> "Source":
        if self.revision is None:
            return self
        if not self.is_on_hub:
            raise ValueError("'revision:' is for a dataset of the hub, 'path: hf:OWNER/NAME'")
        written = self.path.partition("@")[2]
        if written and written != self.revision:
            raise ValueError(f"the path says @{written}, and 'revision:' says {self.revision}; keep one of them")
        return self

    @model_validator(mode="after")
    def _maps_what_it_reads(self) -> "Source":
        others = [name for name in self.map if name != "text"] if self.as_ == "documents" else []
        if others:
            raise ValueError(f"'map: {{{others[0]}: …}}' is for rows that are records; add 'as: records'")
        if self.sample is not None and self.as_ != "records":
            raise ValueError("'sample:' draws from rows that are records; add 'as: records'")
        if self.ocr is not None and (self.as_ != "documents" or self.is_on_hub):
            raise ValueError("'ocr:' reads pages and pictures of files that are documents; this source gives rows")
        if self.as_ != "feedback" and self.feedback != Feedback():
            raise ValueError("'feedback:' says what votes mean; add 'as: feedback'")
        return self

    @property
    def gives(self) -> Literal["documents", "records"]:
        """What its files become."""
        return "documents" if self.as_ == "documents" else "records"

    @property
    def is_on_hub(self) -> bool:
        """Whether it is a dataset of the hub (or a folder laid out like one), to be asked for through `datasets`."""
        return self.path.startswith("hf:")

    @property
    def is_remote(self) -> bool:
        """Whether it lies at an address and is fetched by `fsspec`."""
        return addresses.is_remote(self.path)

    @property
    def address(self) -> str:
        """The path with the credentials that it was written with. Never to be stored or said."""
        return self._address

    def declared(self) -> dict[str, Any]:
        """What a stage depends on: everything but where it lies, since its files are known by their bytes."""
        return self.model_dump(exclude={"path", "storage"})


class Policy(_Strict):
    """What no source may go beyond: options of the filter `policy`, which then stands first where anything is read."""

    licences: list[str] | None = None
    confidentiality: Confidentiality = "restricted"
    unlabelled: Literal["keep", "reject"] = "keep"

    def as_filter(self, use: UseOfRows | None) -> Use:
        """The filter, for the recipe's own use where that is stated."""
        stated = {} if use is None else {"use": use}
        return Use.model_validate({"policy": {**stated, **self.model_dump(exclude_defaults=True)}})


class Documents(_Strict):
    filter: list[Use] = []


class Passages(_Strict):
    max_tokens: int = Field(default=512, ge=16, le=100_000)
    tokenizer: str | None = None
    filter: list[Use] = []


class Style(_Strict):
    system: str | None = None
    language: str | None = None
    glossary: dict[str, str] = {}
    examples: list[str] = []


class Exam(_Strict):
    share: float = Field(default=0.1, gt=0, le=0.5)


class Generate(_Strict):
    target: int | None = Field(default=None, ge=1)
    exam: Exam | None = None
    style: Style = Style()
    methods: list[Use] = []


class Split(_Strict):
    validation: float = Field(default=0.05, ge=0, lt=1)
    test: float = Field(default=0.05, ge=0, lt=1)
    by: Literal["draw", "file"] = "draw"

    @model_validator(mode="after")
    def _leaves_a_train_split(self) -> "Split":
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave nothing to train on")
        if self.by == "file" and self.model_fields_set & {"validation", "test"}:
            raise ValueError("with 'by: file' rows stay in the split that their file is named for; give no shares")
        return self


class Hub(_Strict):
    """What may be pushed to a hub."""

    may_see: Confidentiality = "public"


class Export(_Strict):
    split: Split = Split()
    formats: list[Literal["trl", "messages", "sharegpt", "alpaca", "llama-factory", "axolotl"]] = ["trl"]
    context: Literal["open-book", "closed-book"] = "open-book"
    template: Annotated[Path, Field(strict=False)] | None = None
    hub: Hub = Hub()


class Audit(_Strict):
    checks: list[str] = []
    measure: list[Use] = []
    sampled: dict[str, Annotated[int, Field(ge=1)]] = {}
    full: bool = False
    tokenizer: str | None = None

    @model_validator(mode="after")
    def _samples_what_is_measured(self) -> "Audit":
        unknown = self.sampled.keys() - {use.instance for use in self.measure}
        if unknown:
            raise ValueError(f"sampled: '{min(unknown)}' is none of the filters under measure")
        return self

    @field_validator("checks")
    @classmethod
    def _are_checks(cls, checks: list[str]) -> list[str]:
        from factory.views.checks import parse

        try:
            return [parse(check).text for check in checks]
        except WrongRequest as error:
            raise ValueError(str(error).removesuffix(".")) from None


class Share(_Strict):
    """How much of a source's kept rows leaves: at most so many, and so much beside the other sources."""

    weight: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    cap: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _says_something(self) -> "Share":
        if self.weight is None and self.cap is None:
            raise ValueError("give a weight or a cap")
        return self


class Journal(_Strict):
    keep_prompts: bool = True


class Recipe(_Strict):
    """A whole recipe, checked."""

    run: str
    seed: int = 0
    use: UseOfRows | None = None
    policy: Policy | None = None
    sources: list[Source] = Field(min_length=1)
    mix: dict[str, Share] = {}
    documents: Documents = Documents()
    passages: Passages = Passages()
    models: dict[str, Model] = {}
    prompts: str | None = None
    journal: Journal = Journal()
    generate: Generate = Generate()
    filter: list[Use] = []
    export: Export = Export()
    audit: Audit = Audit()
    train: list[Use] = []

    def of_policy(self, stage: str) -> list[Use]:
        """The filter that `policy:` stands for, at a stage where anything is read; else none."""
        is_read = any(source.gives == stage for source in self.sources)
        return [self.policy.as_filter(self.use)] if self.policy and is_read else []

    def filters(self, stage: str) -> list[Use]:
        """The filters of a stage (`measured`: those of the audit), in order, that of `policy:` first."""
        stated = {
            "documents": self.documents.filter,
            "passages": self.passages.filter,
            "records": self.filter,
            "measured": self.audit.measure,
        }
        return [*self.of_policy(stage), *stated[stage]]
