"""The table of recipes: one for every system of the field that this laboratory rebuilds, and the default.

What the systems were trained with is kept where it defines them (losses, color spaces, critics, Adam's constants),
sizes and batches are those that fit a small computer. All but the default see clean grays, as their authors' did.
"""

from dataclasses import replace
from pathlib import Path

from photochrom.encoding import Reading
from photochrom.errors import RunError
from photochrom.objectives import Adversarial, Supervised
from photochrom.recipe import Recipe, Stage

_NO_LOSS = Supervised(cross_entropy=0, huber=0, gradient=0)
_L1, _L2 = replace(_NO_LOSS, l1=1.0), replace(_NO_LOSS, l2=1.0)
_CROSS_ENTROPY = Supervised(cross_entropy=1, huber=0, gradient=0)


def _family(name: str, network: str, chroma: str, *stages: Stage) -> Recipe:
    """Return a recipe as most systems were trained: clean grays, Adam, no averaged weights."""
    return Recipe(
        name, network, {}, stages, chroma={"kind": chroma}, rate=1e-3, aged=False, ema=0.0, weight_decay=0.0, mix=0.5
    )


def _game(recipe: Recipe, critic: str) -> Recipe:
    """Return the recipe as a game from the first step on, with the constants of DCGAN and pix2pix."""
    return replace(recipe, critic=critic, betas=(0.5, 0.999), schedule="constant", warm_up=0.0, rate=2e-4, clip=1000.0)


_RGB_UNET = _family("rgb_unet", "rgb_unet", "rgb", Stage(size=64, share=1.0, objective=_L2))
_ECCV16 = replace(
    _family("eccv16", "eccv16", "bins", Stage(size=128, share=1.0, objective=_CROSS_ENTROPY)),
    rate=3e-4, betas=(0.9, 0.99), weight_decay=0.001,
)  # fmt: skip
_RESNET18 = replace(
    _family("resnet18_l1", "resnet_unet", "regression", Stage(size=128, share=1.0, objective=_L1)), rate=3e-4
)

_DEFAULT = Recipe(
    name="default",
    network="encoder_unet",
    network_options={"encoder": "resnet50", "width": 384, "blocks": 2, "decoder": (192, 96)},
    stages=(Stage(size=96, share=0.55), Stage(size=128, share=0.3), Stage(size=176, share=0.15)),
)

_FINISH = Supervised(reading=Reading(temperature=0.5, balance=0.75))
"""All but the cross entropy look at the color as it is used."""

_LIST = (
    _DEFAULT,
    replace(
        _DEFAULT, name="finetune", starts_from="default", minutes=15.0, rate=1e-4, encoder_rate=2e-5, ema=0.99,
        stages=(Stage(size=128, share=0.7), Stage(size=176, share=0.3)),
    ),
    replace(
        _DEFAULT, name="finish", starts_from="default", minutes=105.0, rate=2e-4, encoder_rate=4e-5, ema=0.999,
        stages=(
            Stage(size=176, share=0.6, objective=_FINISH),
            Stage(size=192, share=0.4, objective=replace(_FINISH, perceptual=2.0)),
        ),
    ),
    replace(
        _DEFAULT, name="small", starts_from="default", prunes=True, minutes=110.0, rate=3e-4, encoder_rate=6e-5,
        ema=0.999,
        network_options={"encoder": "resnet50_short", "width": 384, "blocks": 1, "decoder": (192, 96)},
        stages=(
            Stage(size=128, share=0.25, objective=_FINISH),
            Stage(size=176, share=0.4, objective=_FINISH),
            Stage(size=192, share=0.35, objective=replace(_FINISH, perceptual=2.0)),
        ),
    ),
    _family("rgb_autoencoder", "rgb_autoencoder", "rgb", Stage(size=64, share=1.0, objective=_L2)),
    _RGB_UNET,
    replace(_RGB_UNET, name="lab_unet", chroma={"kind": "regression"}),
    replace(
        _RGB_UNET, name="rgb_unet_gan", critic="patch_critic", betas=(0.5, 0.999),
        stages=(
            Stage(size=64, share=0.6, objective=_L2),
            Stage(size=64, share=0.4, objective=Adversarial(l1=100.0), rate=0.2),
        ),
    ),
    _family("regression_rgb", "regression_cnn", "rgb", Stage(size=96, share=1.0, objective=_L2)),
    _family("regression_lab", "regression_cnn", "regression", Stage(size=96, share=1.0, objective=_L2)),
    replace(
        _family("palette24", "palette_unet", "bins", Stage(size=32, share=1.0, batch=64, objective=_CROSS_ENTROPY)),
        chroma={"kind": "palette", "colors": 24, "space": "rgb"},
    ),
    _game(
        _family("dcgan", "dcgan_painter", "regression", Stage(size=64, share=1.0, objective=Adversarial(l1=0.0))),
        critic="dcgan_critic",
    ),
    _family("dcgan_l2", "dcgan_painter", "regression", Stage(size=64, share=1.0, objective=_L2)),
    _game(
        _family("pix2pix", "unet8", "regression", Stage(size=256, share=1.0, batch=4, objective=Adversarial(l1=100.0))),
        critic="patch_critic",
    ),
    _RESNET18,
    replace(
        _RESNET18, name="resnet18_gan", critic="patch_critic", betas=(0.5, 0.999),
        stages=(
            Stage(size=128, share=0.6, objective=_L1),
            Stage(size=128, share=0.4, objective=Adversarial(l1=100.0), rate=0.5),
        ),
    ),
    _ECCV16,
    replace(_ECCV16, name="eccv16_plain", mix=1.0),
    replace(_ECCV16, name="eccv16_l2", chroma={"kind": "regression"}, stages=(Stage(128, 1.0, objective=_L2),)),
    replace(_ECCV16, name="eccv16_ablation1", network_options={"blocks": 5, "dilated": 1}),
    replace(_ECCV16, name="eccv16_ablation2", network_options={"blocks": 4, "dilated": 0}),
)  # fmt: skip

RECIPES = {recipe.name: recipe for recipe in _LIST}
"""Every recipe by name."""

TINY = "_tiny"
"""A recipe's name with this ending is the same recipe at toy size."""


def find_recipe(name: str) -> Recipe:
    """Return a recipe by name, or read from a JSON file; raises RunError when there is none."""
    if name in RECIPES:
        return RECIPES[name]
    if name.removesuffix(TINY) in RECIPES:
        return RECIPES[name.removesuffix(TINY)].tiny()
    path = Path(name)
    if not path.is_file():
        raise RunError(f"there is no recipe {name!r}; give a JSON file or one of: {', '.join(RECIPES)}")
    return Recipe.from_json(path.read_text(encoding="utf-8", errors="replace"))
