"""The convolutional and recurrent networks of step.py in TensorFlow and Keras, one compiled graph a step. Same losses and Adam.

What step.py needs of it: `Keras`.
"""
import os
import statistics
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.keras import layers  # noqa: E402

RATE = 1e-3


class Network(tf.keras.Model):
    """`net`: a `Convolutional` of step.py."""

    def __init__(self, net):
        super().__init__()
        self.latent = net.latent
        shape = (net.map, net.map, net.channels[-1])
        same = {"padding": "same", "activation": "relu"}
        down = [layers.Conv2D(c, net.size, 2, **same) for c in net.channels]
        up = [layers.Conv2DTranspose(c, net.size, 2, **same) for c in net.channels[::-1]]
        last = layers.Conv2D(1, net.size, padding="same")
        encoder, decoder = [layers.Reshape((net.side, net.side, 1)), *down], [*up, last, layers.Flatten()]
        if net.latent:
            dense = lambda width: layers.Dense(width, "relu")  # noqa: E731
            encoder += [layers.Flatten(), *map(dense, net.hidden), layers.Dense(2 * net.latent)]
            decoder = [*map(dense, net.hidden[::-1]), dense(net.features), layers.Reshape(shape), *decoder]
        self.encoder, self.decoder = tf.keras.Sequential(encoder), tf.keras.Sequential(decoder)

    def objective(self, x):
        h, kl = self.encoder(x), 0.0
        if self.latent:
            mean, log_variance = tf.split(h, 2, 1)
            h = mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))
            kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, 1)
        nll = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=self.decoder(h)), 1)
        return tf.reduce_mean(nll + kl)


class Sequences(tf.keras.Model):
    """`net`: a `Recurrent` of step.py."""

    def __init__(self, net):
        super().__init__()
        self.net = tf.keras.Sequential([
            layers.Reshape((net.steps, net.features)),
            layers.GRU(net.units),
            layers.Dense(net.latent),
            layers.RepeatVector(net.steps),
            layers.GRU(net.units, return_sequences=True),
            layers.Dense(net.features),
            layers.Flatten(),
        ])

    def objective(self, x):
        return tf.reduce_mean(tf.reduce_sum(0.5 * (x - self.net(x)) ** 2, 1))


class Keras:
    """A step of a network, timed as step.py times the others."""

    def __init__(self, net, rows):
        self.network = Network(net) if hasattr(net, "channels") else Sequences(net)
        self.optimizer = tf.keras.optimizers.Adam(RATE)
        self.rows = [tf.constant(batch) for batch in rows]

        @tf.function
        def step(x):
            with tf.GradientTape() as tape:
                value = self.network.objective(x)
            weights = self.network.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(value, weights), weights))
            return value

        self.network.objective(self.rows[0])
        self.optimizer.build(self.network.trainable_variables)
        self.step = step

    def round(self, steps):
        times = []
        for k in range(steps + 5):
            begin = time.perf_counter()
            assert np.isfinite(self.step(self.rows[k % 16]).numpy())
            times.append((time.perf_counter() - begin) * 1e3)
        return statistics.median(times[5:]), min(times[5:])
