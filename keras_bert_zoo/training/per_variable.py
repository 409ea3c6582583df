"""What optimizers do to some variables otherwise than to others."""

import re

import keras

from ..distribution.replicas import summed_gradients

NO_DECAY = ("bias", "gamma", "beta")


class PerVariable:
    """An optimizer with rates and weight decay of their own for some variables.

    For a class that is derived from one of Keras'. Because the factors are inside, everything that
    reads or sets `learning_rate`, as Keras' callbacks do, works as with any optimizer.

    Under `gradient_accumulation_steps` the schedule counts updates; Keras' own counts batches.
    """

    def spare(self, learning_rate, no_decay, factors, gates=()):
        """Keeps what differs by variable.

        Args:
            learning_rate: number or schedule.
            no_decay: parts of the paths of variables that do not decay (regular expressions, one or
                several).
            factors: dictionary of such an expression to what multiplies the learning rate, of the
                first that is found in a variable's path; 1 where none is.
            gates: such expressions, for groups of variables whose rate is multiplied with a number
                that may change amid the training: `set_gates`.

        Raises:
            ValueError: a factor that is less than 0.
        """
        self.no_decay = (no_decay,) if isinstance(no_decay, str) else tuple(no_decay)
        self.factors = dict(factors or {})
        if wrong := {key: value for key, value in self.factors.items() if not value >= 0}:
            raise ValueError(f"What multiplies a learning rate is 0 or more. Given: {wrong}.")
        self.gates, self._gate_values = tuple(gates or ()), None
        self.total_steps = getattr(learning_rate, "total_steps", None)
        self.exclude_from_weight_decay(var_names=self.no_decay)

    def factor(self, variable):
        """What multiplies the learning rate of a variable."""
        found = (value for key, value in self.factors.items() if re.search(key, variable.path))
        return next(found, 1.0)

    def build(self, variables):
        if not self.built:
            # Asked for by number: in an update TensorFlow hands over variables without a path.
            self._factors = [self.factor(variable) for variable in variables]
            self._gate_of = [self._gate(variable) for variable in variables]
        super().build(variables)
        if self.gates and self._gate_values is None:
            shape = (len(self.gates),)
            self._gate_values = self.add_variable(shape, "ones", dtype="float32", name="gates")

    def _gate(self, variable):
        """Number of a variable's gate, or None."""
        found = (i for i, key in enumerate(self.gates) if re.search(key, variable.path))
        return next(found, None)

    def set_gates(self, values):
        """Sets what multiplies the rates of the groups of `gates`: 0 is frozen, 1 is not."""
        self._gate_values.assign(values)

    def _factor_of(self, variable):
        index = self._get_variable_index(variable)
        return self._opened(self._factors[index], self._gate_of[index])

    def _opened(self, factor, gate):
        return factor if gate is None else factor * self._gate_values[gate]

    def _by_factor(self, variables, *others):
        """`(factor, variables, *others)` of the variables that have it."""
        if not self.factors and not self.gates:
            return [(1.0, variables, *others)]
        groups = {}
        for row in zip(variables, *others):
            index = self._get_variable_index(row[0])
            groups.setdefault((self._factors[index], self._gate_of[index]), []).append(row)
        return [(self._opened(*key), *map(list, zip(*rows))) for key, rows in groups.items()]

    def _apply_weight_decay(self, variables):
        whole = self.weight_decay
        if not whole:
            return
        for factor, some in self._by_factor(variables):
            # The fused ones on torch fail where there is nothing to decay: biases trained alone.
            if any(map(self._use_weight_decay, some)):
                self.weight_decay = whole * factor
                super()._apply_weight_decay(some)
        self.weight_decay = whole

    def _parallel_update_step(self, grads, variables, learning_rate):  # torch
        for factor, some, theirs in self._by_factor(variables, grads):
            super()._parallel_update_step(theirs, some, learning_rate * factor)

    def _backend_apply_gradients(self, grads, trainable_variables):
        # Added up before they are cut to a norm: Keras would cut each replica's to it by itself.
        grads = summed_gradients([*map(_dense, grads)])
        super()._backend_apply_gradients(grads, trainable_variables)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        return grads_and_vars  # done

    def _overwrite_model_variables_with_average_value(self, trainable_variables):
        super()._overwrite_model_variables_with_average_value(trainable_variables)
        if keras.config.backend() == "jax":
            # Else weights and averages are one array, which the next `predict` gives away.
            for variable in trainable_variables:
                variable.assign(keras.ops.copy(variable.value))

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, learning_rate * self._factor_of(variable))

    def _get_current_learning_rate(self):
        rate = self._learning_rate
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            return rate(self.iterations)
        return super()._get_current_learning_rate()

    def get_config(self):
        config = {**super().get_config(), "no_decay": list(self.no_decay)}
        config |= {"factors": self.factors} if self.factors else {}
        return config | ({"gates": list(self.gates)} if self.gates else {})


def _dense(gradient):
    """A gradient as a tensor of its variable's shape.

    TensorFlow hands an embedding's gradient over as one row for each place in the batch, and Keras
    squares them one by one: a token met twice would not get the square of its sum, neither in the
    moments nor in the norm that gradients are cut to.
    """
    if not hasattr(gradient, "dense_shape"):
        return gradient
    import tensorflow as tf

    return tf.convert_to_tensor(gradient)
