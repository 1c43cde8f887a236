"""The networks of step.py in JAX: parameters, and the loss of a batch with noise of its own.

Imported after step.py has chosen the cores: importing JAX starts its threads.
"""
import jax
import jax.numpy as jnp
import numpy as np

BATCH, WEIGHT = 128, 0.1


def layers(widths, rng):
    def layer(inputs, outputs):
        limit = (6 / (inputs + outputs)) ** 0.5
        weight = rng.uniform(-limit, limit, (outputs, inputs)).astype(np.float32)
        return {"weight": jnp.asarray(weight), "bias": jnp.zeros(outputs, jnp.float32)}

    return [layer(a, b) for a, b in zip(widths, widths[1:])]


def through(stack, x, activation):
    for layer in stack:
        x = activation(x @ layer["weight"].T + layer["bias"])
    return x


def affine(layer, x):
    return x @ layer["weight"].T + layer["bias"]


def bernoulli(logits, x):
    return jnp.sum((1 - x) * logits - jax.nn.log_sigmoid(logits), 1)


def gaussian(mean, x):
    return jnp.sum(0.5 * (x - mean) ** 2 + 0.5 * jnp.log(2 * jnp.pi), 1)


def variational(widths, likelihood):
    latent = widths[-1]

    def parameters(rng):
        heads = layers([widths[-2], 2 * latent], rng)
        decoder = layers(widths[::-1], rng)
        return {"encoder": layers(widths[:-1], rng), "heads": heads[0], "decoder": decoder}

    def loss(p, x, key):
        mean, log_variance = jnp.split(affine(p["heads"], through(p["encoder"], x, jax.nn.relu)), 2, 1)
        z = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
        kl = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance - 1, 1)
        decoded = affine(p["decoder"][-1], through(p["decoder"][:-1], z, jax.nn.relu))
        return jnp.mean(likelihood(decoded, x) + kl)

    return widths, parameters, loss


def contractive_tied(widths):
    def parameters(rng):
        return {"encoder": layers(widths, rng), "bias": jnp.zeros(widths[0], jnp.float32)}

    def loss(p, x, key):
        layer = p["encoder"][0]
        h = jax.nn.sigmoid(affine(layer, x))
        contraction = jnp.square(h * (1 - h)) @ jnp.sum(layer["weight"] ** 2, 1)
        return jnp.mean(bernoulli(h @ layer["weight"] + p["bias"], x) + WEIGHT * contraction)

    return widths, parameters, loss


def kernel(rng, size, inputs, outputs):
    limit = (6 / (size * size * inputs)) ** 0.5
    weight = rng.uniform(-limit, limit, (size, size, inputs, outputs)).astype(np.float32)
    return {"weight": jnp.asarray(weight), "bias": jnp.zeros(outputs, jnp.float32)}


def convolve(layer, x, stride):
    numbers = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, layer["weight"], (stride, stride), "SAME", dimension_numbers=numbers) + layer["bias"]


def spread(layer, x):
    numbers = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_transpose(x, layer["weight"], (2, 2), "SAME", dimension_numbers=numbers) + layer["bias"]


class Convolutional:
    """Convolutions of stride 2, dense layers, and the same back; a last convolution of stride 1.

    The shapes of products per row are (positions, patch, outputs), the first layer's first.
    """

    def __init__(self, side, channels, size, hidden, latent):
        self.side, self.channels, self.size, self.hidden, self.latent = side, channels, size, hidden, latent
        self.map = side // 2 ** len(channels)
        self.features = self.map**2 * channels[-1]

    def parameters(self, rng):
        channels, size = self.channels, self.size
        widths = [self.features, *self.hidden]
        down = [kernel(rng, size, a, b) for a, b in zip([1, *channels], channels)]
        up = [kernel(rng, size, a, b) for a, b in zip([channels[-1], *channels[::-1]], channels[::-1])]
        found = {"down": down, "up": up, "last": kernel(rng, size, channels[0], 1)}
        if self.latent:
            found |= {
                "encoder": layers(widths, rng),
                "heads": layers([widths[-1], 2 * self.latent], rng)[0],
                "decoder": layers([self.latent, *widths[::-1]], rng),
            }
        return found

    def loss(self, p, x, key):
        image = h = x.reshape(-1, self.side, self.side, 1)
        for layer in p["down"]:
            h = jax.nn.relu(convolve(layer, h, 2))
        kl = 0.0
        if self.latent:
            h = through(p["encoder"], h.reshape(len(x), -1), jax.nn.relu)
            mean, log_variance = jnp.split(affine(p["heads"], h), 2, 1)
            z = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
            kl = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance - 1, 1)
            h = through(p["decoder"], z, jax.nn.relu).reshape(-1, self.map, self.map, self.channels[-1])
        for layer in p["up"]:
            h = jax.nn.relu(spread(layer, h))
        logits = convolve(p["last"], h, 1).reshape(len(x), -1)
        return jnp.mean(bernoulli(logits, image.reshape(len(x), -1)) + kl)

    def products(self):
        taps, side, shapes = self.size**2, self.side, []
        for a, b in zip([1, *self.channels], self.channels):
            side //= 2
            shapes.append((side**2, taps * a, b))
        if self.latent:
            widths = [self.features, *self.hidden]
            shapes += [(1, a, b) for a, b in zip(widths, widths[1:])] + [(1, widths[-1], 2 * self.latent)]
            back = [self.latent, *widths[::-1]]
            shapes += [(1, a, b) for a, b in zip(back, back[1:])]
        for a, b in zip([self.channels[-1], *self.channels[::-1]], self.channels[::-1]):
            shapes.append((side**2, taps * b, a))
            side *= 2
        # One result: the cheaper product with patches of the result.
        return shapes + [(side**2, taps, self.channels[0])]


def convolutional(side, channels, size, hidden, latent):
    net = Convolutional(side, channels, size, hidden, latent)
    return [side * side], net.parameters, net.loss, net


class Recurrent:
    """A sequence-to-sequence autoencoder: a gated recurrent unit, a code, a unit that reads it at every step."""

    def __init__(self, steps, features, units, latent):
        self.steps, self.features, self.units, self.latent = steps, features, units, latent

    def unit(self, rng, inputs):
        uniform = lambda *shape: jnp.asarray(rng.uniform(-0.2, 0.2, shape).astype(np.float32))  # noqa: E731
        width = self.units
        return {
            "weight": uniform(3 * width, inputs),
            "bias": jnp.zeros(3 * width, jnp.float32),
            "recurrent_weight": uniform(3 * width, width),
            "recurrent_bias": jnp.zeros(width, jnp.float32),
        }

    def parameters(self, rng):
        return {
            "reader": self.unit(rng, self.features),
            "code": layers([self.units, self.latent], rng)[0],
            "writer": self.unit(rng, self.latent),
            "output": layers([self.units, self.features], rng)[0],
        }

    @staticmethod
    def states(p, projected, steps):
        """`projected`: steps × rows × 3 units, or the same at every step: rows × 3 units."""

        def step(h, given):
            given = projected if given is None else given
            own = h @ p["recurrent_weight"].T
            (pr, pz, pn), (ur, uz, un) = jnp.split(given, 3, 1), jnp.split(own, 3, 1)
            reset, update = jax.nn.sigmoid(pr + ur), jax.nn.sigmoid(pz + uz)
            candidate = jnp.tanh(pn + reset * (un + p["recurrent_bias"]))
            h = (1 - update) * candidate + update * h
            return h, h

        rows, width = projected.shape[-2], projected.shape[-1] // 3
        inputs = projected if projected.ndim == 3 else None
        return jax.lax.scan(step, jnp.zeros((rows, width)), inputs, length=steps)[1]

    def loss(self, p, x, key):
        rows = x.reshape(-1, self.steps, self.features)
        read = self.states(p["reader"], affine(p["reader"], jnp.swapaxes(rows, 0, 1)), self.steps)
        code = affine(p["code"], read[-1])
        written = self.states(p["writer"], affine(p["writer"], code), self.steps)
        decoded = jnp.swapaxes(affine(p["output"], written), 0, 1)
        return jnp.mean(gaussian(decoded.reshape(len(x), -1), x))

    def products(self):
        steps, units = self.steps, self.units
        own = [(1, units, 3 * units)] * (2 * steps)
        ends = [(steps, self.features, 3 * units), (1, self.latent, 3 * units), (steps, units, self.features)]
        return [ends[0], *own, (1, units, self.latent), *ends[1:]]


def recurrent(steps, features, units, latent):
    net = Recurrent(steps, features, units, latent)
    return [steps * features], net.parameters, net.loss, net


def deep(jacobian):
    widths = [784, 512, 256, 32]

    def parameters(rng):
        return {"encoder": layers(widths, rng), "decoder": layers(widths[::-1], rng)}

    def loss(p, x, key):
        code = through(p["encoder"], x, jax.nn.sigmoid)
        logits = affine(p["decoder"][-1], through(p["decoder"][:-1], code, jax.nn.sigmoid))
        value = bernoulli(logits, x)
        if jacobian is not None:
            j = jax.vmap(jacobian(lambda row: through(p["encoder"], row, jax.nn.sigmoid)))(x)
            value += WEIGHT * jnp.sum(j**2, (1, 2))
        return jnp.mean(value)

    return widths, parameters, loss


class Table:
    """10 numbers and 20 categories of 100 levels, as one-hot columns or as indices with embeddings."""

    numbers, categories, levels, hidden, latent = 10, 20, 100, 256, 16

    def __init__(self, embeddings):
        self.embeddings = embeddings
        self.width = self.numbers + self.categories * self.levels

    def rows(self, rng):
        codes = rng.integers(0, self.levels, (16, BATCH, self.categories))
        numbers = rng.random((16, BATCH, self.numbers), dtype=np.float32)
        if self.embeddings:
            return [(numbers[k], codes[k]) for k in range(16)]
        one_hot = np.eye(self.levels, dtype=np.float32)[codes].reshape(16, BATCH, -1)
        return np.concatenate([numbers, one_hot], 2)

    def parameters(self, rng):
        widths = [self.width, self.hidden]
        return {
            "encoder": layers(widths, rng),
            "heads": layers([self.hidden, 2 * self.latent], rng)[0],
            "decoder": layers([self.latent, *widths[::-1]], rng),
            "log_variance": jnp.zeros(self.numbers, jnp.float32),
        }

    def first(self, layer, x):
        if not self.embeddings:
            return affine(layer, x)
        # The weight is kept inputs × outputs: rows of it are embeddings.
        numbers, codes = x
        weight = layer["weight"].reshape(self.width, self.hidden)
        offsets = self.numbers + self.levels * jnp.arange(self.categories)
        return numbers @ weight[: self.numbers] + jnp.sum(weight[codes + offsets], 1) + layer["bias"]

    def loss(self, p, x, key):
        h = jax.nn.relu(self.first(p["encoder"][0], x))
        mean, log_variance = jnp.split(affine(p["heads"], h), 2, 1)
        z = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
        kl = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance - 1, 1)
        out = affine(p["decoder"][1], jax.nn.relu(affine(p["decoder"][0], z)))
        numbers = x[0] if self.embeddings else x[:, : self.numbers]
        v = p["log_variance"]
        of_numbers = 0.5 * jnp.sum((numbers - out[:, : self.numbers]) ** 2 / jnp.exp(v) + v + jnp.log(2 * jnp.pi), 1)
        log_p = jax.nn.log_softmax(out[:, self.numbers :].reshape(-1, self.categories, self.levels), 2)
        if self.embeddings:
            of_levels = -jnp.sum(jnp.take_along_axis(log_p, x[1][:, :, None], 2), (1, 2))
        else:
            of_levels = -jnp.sum(log_p.reshape(len(out), -1) * x[:, self.numbers :], 1)
        return jnp.mean(of_numbers + of_levels + kl)


def table(embeddings):
    net = Table(embeddings)
    return [net.width], net.parameters, net.loss, net


NETWORKS = {
    "categories": lambda: table(False),
    # The networks of the TensorFlow tutorials on autoencoders and convolutional VAEs, and of disentanglement_lib.
    "conv_denoiser": lambda: convolutional(28, [16, 8], 3, [], 0),
    "conv_vae": lambda: convolutional(28, [32, 64], 3, [], 2),
    "conv_64": lambda: convolutional(64, [32, 32, 64, 64], 4, [256], 10),
    "gru": lambda: recurrent(48, 8, 64, 16),
    "vae": lambda: variational([784, 400, 20], bernoulli),
    "vae_table": lambda: variational([32, 64, 8], gaussian),
    "cae": lambda: contractive_tied([784, 1000]),
    "deep_plain": lambda: deep(None),
    # Reverse mode: faster here than jacfwd and than the product of slopes and weights under vmap.
    "deep_exact": lambda: deep(jax.jacrev),
}
