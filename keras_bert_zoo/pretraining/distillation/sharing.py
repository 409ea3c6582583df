"""Which objectives have one teacher, kept in a config: Keras would make a teacher for each."""


def first_places(objectives, before=()):
    """For each objective the place of the first that has its teacher, or None without one.

    Args:
        objectives: list of `Objective`.
        before: models that are counted before them.
    """
    models = [*before, *(one.teacher and one.teacher.model for one in objectives)]
    places = [next(i for i, model in enumerate(models) if model is one) for one in models]
    return [None if m is None else p for m, p in zip(models, places)][len(before) :]


def share(objectives, places, before=()):
    """Gives the objectives the teachers that `first_places` tells of.

    Args:
        objectives: as they were read, each with a teacher of its own.
        places: what `first_places` gave; None leaves all as it is.
        before: `Teacher`s that are counted before them.
    """
    teachers = [*before, *(one.teacher for one in objectives)]
    for one, place in zip(objectives, places or ()):
        if place is not None:
            one.teacher = teachers[place]
